#include "seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "../clinic.hpp"

namespace mis::simulator {

namespace {

constexpr std::int64_t kPatientsPerBlock = 50'000;
constexpr std::int64_t kLinesPerBlock = 40'000;

class Seed {
  public:
    explicit Seed(const SeedOptions& options)
        : options_(options), base_(id_base(options.dialect)) {}

    std::vector<SeedStep> steps() {
        dictionaries();
        staff();
        for (std::int64_t from = 1; from <= options_.patients; from += kPatientsPerBlock)
            patients(from, std::min(from + kPatientsPerBlock - 1, options_.patients));
        add("certificates", certificate());
        add("working time", working_time());
        bills();
        add("future visits", future_visits());
        add("plans", plans());
        add("generator",
            fmt::format("set generator GEN_SIMULATOR to {}", live_id_base(options_.dialect)));
        return std::move(steps_);
    }

  private:
    void add(std::string title, std::string sql) {
        steps_.push_back({std::move(title), std::move(sql)});
    }
    std::string_view id() const { return options_.dialect == Dialect::one ? "integer" : "bigint"; }
    // Today at midnight, as the server sees it; dialect 1's date carries a time, and so does a cast
    // of 'today' there: midnight too.
    static std::string today() { return "cast(cast('today' as date) as timestamp)"; }

    void dictionaries() {
        for (int branch = 1; branch <= kBranchCount; ++branch) {
            add("branches", fmt::format(
                                "insert into FILIALS (FILID, FULLNAME, SHORTNAME, JID) values "
                                "({0}, 'Тестовая клиника, филиал {0}', 'Филиал {0}', 1)",
                                branch
                            ));
            for (int number = 1; number <= kChairsPerBranch; ++number)
                add("chairs", fmt::format(
                                  "insert into CHAIRS (CHID, CHNAME, FILIAL, SCHEDTYPE) values "
                                  "({}, 'Кресло {}-{}', {}, 1)",
                                  chair_id(branch, number), branch, number, branch
                              ));
        }
        const std::string_view departments[] = {"Терапия", "Хирургия", "Ортопедия", "Гигиена"};
        for (int number = 1; number <= 4; ++number) {
            add("departments",
                fmt::format(
                    "insert into DEPARTMENTS (DEPNUM, DEPNAME, FILIAL) values ({}, '{}', 1)",
                    number, departments[number - 1]
                ));
            add("specialities",
                fmt::format(
                    "insert into SPECIALITY (SCODE, SNAME, DEPNUM) values ({0}, '{1}', {0})",
                    number, departments[number - 1]
                ));
        }
        add("groups", "insert into CLGROUP (GRCOD, GRNAME) values (1, 'Наличный расчёт')");
        add("groups", "insert into CLGROUP (GRCOD, GRNAME) values (2, 'По договору')");
        add("legal entities", "insert into JPERSONS (JID, JNAME) values (1, 'ООО Тест-Клиника')");
        add("legal entities", "insert into JPERSONS (JID, JNAME) values (2, 'яБартер Тест')");
        add("legal entities", "insert into JPERSONS (JID, JNAME) values (3, 'СК Тест-Страх')");
        add("agreements", fmt::format(
                              "insert into JPAGREEMENT (AGRID, AGNUM, AGNAME, JID, AGRTYPE) values "
                              "({}, 'Б-1', 'Бартер с партнёром', 2, 5)",
                              kBarterAgreement
                          ));
        add("agreements", fmt::format(
                              "insert into JPAGREEMENT (AGRID, AGNUM, AGNAME, JID, AGRTYPE) values "
                              "({}, 'Д-1', 'ДМС Тест', 3, 2)",
                              kInsuranceAgreement
                          ));
        add("programs", "insert into JPLISTS (LID, SHORTNAME) values (21, 'Стоматология')");
        add("marks", "insert into SHEDMARKS (MRKID, MRKTEXT) values (1, 'Первичный')");
        add("marks", "insert into SHEDMARKS (MRKID, MRKTEXT) values (7, 'Резерв')");
        add("tills", fmt::format(
                         "insert into MONEYCASHREF (MONEYCASHID, MONEYCASHNAME) values ({}, 'Касса "
                         "наличная')",
                         kTillCash
                     ));
        add("tills", fmt::format(
                         "insert into MONEYCASHREF (MONEYCASHID, MONEYCASHNAME) values ({}, "
                         "'Терминал, карты')",
                         kTillCard
                     ));
        for (std::size_t index = 0; index < services().size(); ++index) {
            const Service& service = services()[index];
            add("services", fmt::format(
                                "insert into WSCHEMA (SCHID, KODOPER, SCHNAME, SPECCODE, WTYPE) "
                                "values ({}, '{}', '{}', {}, {})",
                                service_id(options_.dialect, index), service.code, service.name,
                                service.speciality, service.code == "Щ-01" ? 9 : 0
                            ));
        }
    }

    void staff() {
        for (std::size_t index = 0; index < doctors().size(); ++index) {
            const Doctor& doctor = doctors()[index];
            add("doctors", fmt::format(
                               "insert into DOCTOR (DCODE, FULLNAME, DNAME, DEPNUM, FILIAL, "
                               "STDTYPE, SHINTERV, LOCKED, MODIFYDATE) "
                               "values ({}, '{}', '{}', {}, {}, 2, 30, 0, {} - 30)",
                               doctor_id(options_.dialect, index), doctor.name, doctor.name,
                               doctor.department, doctor.branch, today()
                           ));
        }
        add("doctors", fmt::format(
                           "insert into DOCTOR (DCODE, FULLNAME, FILIAL, STDTYPE, LOCKED, "
                           "MODIFYDATE) values ({}, 'Регистратор Тестовый', 1, 1, 0, {} - 30)",
                           base_ + 199, today()
                       ));
        add("doctors", "insert into DOCTOR (DCODE, FULLNAME, FILIAL) values (-1, 'Без врача', 1)");
    }

    // Every fifth patient has a barter limit, every seventh a policy.
    void patients(std::int64_t from, std::int64_t to) {
        add(fmt::format("patients {} of {}", to, options_.patients),
            fmt::format(
                R"(execute block as
declare i integer; declare pc {id}; declare n varchar(12); declare l varchar(20); declare f varchar(20);
begin
  i = {from};
  while (i <= {to}) do begin
    pc = {base} + i;
    n = cast(i as varchar(12));
    if (char_length(n) < 3) then n = lpad(n, 3, '0');
    l = decode(mod(i, 4), 0, 'Тестова', 1, 'Пробова', 2, 'Тестов', 'Пробин');
    f = decode(mod(i, 8), 0, 'Анна', 1, 'Мария', 2, 'Иван', 3, 'Пётр', 4, 'Алёна', 5, 'Ольга', 6, 'Семён', 'Фёдор');
    insert into CLIENTS (PCODE, FULLNAME, LASTNAME, FIRSTNAME, MIDNAME, BDATE, POL, PHONE1, CLMAIL, GRTYPE, CSTATUS)
    values (:pc, :l || ' ' || :f || ' ' || :n, :l, :f, :n, {today} - 8000 - mod(:i * 37, 14000), iif(mod(:i, 4) < 2, 2, 1),
      '+7 900 ' || substring(lpad(:n, 7, '0') from 1 for 3) || '-' || substring(lpad(:n, 7, '0') from 4 for 2) || '-' || substring(lpad(:n, 7, '0') from 6 for 2),
      'test' || :n || '@example.invalid', iif(mod(:i, 5) = 0 or mod(:i, 7) = 0, 2, 1), 1);
    if (mod(i, 5) = 0) then
      insert into CLHISTNUM (HISTID, PCODE, AGRID, LSTID, NSP, BDATE, FDATE, MAINJID, AMOUNTRUB, MODIFYDATE)
      values (:pc, :pc, {barter}, 21, 'Б-' || :n, {today} - 400, {today} + 200, 1, 20000, {today} - 20);
    else if (mod(i, 7) = 0) then
      insert into CLHISTNUM (HISTID, PCODE, AGRID, LSTID, NSP, BDATE, FDATE, MAINJID, AMOUNTRUB, MODIFYDATE)
      values (:pc, :pc, {insurance}, 21, 'П-' || :n, {today} - 400, null, 1, 50000, {today} - 20);
    i = i + 1;
  end
end)",
                fmt::arg("id", id()), fmt::arg("from", from), fmt::arg("to", to),
                fmt::arg("base", base_), fmt::arg("today", today()),
                fmt::arg("barter", kBarterAgreement), fmt::arg("insurance", kInsuranceAgreement)
            ));
    }

    // A gift certificate is a pseudo-patient, with money of its own (field guide 1.5).
    std::string certificate() {
        return fmt::format(
            R"(execute block as begin
  insert into CLIENTS (PCODE, FULLNAME, LASTNAME) values ({0}, 'Сертификат подарочный Т-1', 'Сертификат');
  insert into CLCERTIFICATEREF (PCODE, AVANSTYPE, CNAME) values ({0}, 2, 'Т-1');
  insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE)
  values ({0}, {0}, -1, {1} - 3, 2, 5000, 5000, 1, 1, 0, {1} - 3);
end)",
            base_ + 90'000'000, today()
        );
    }

    // A week back to a month ahead; mornings in one chair, afternoons in another; one doctor of
    // branch 2 is on duty until midnight (hour 24).
    std::string working_time() {
        return fmt::format(
            R"(execute block as
declare d integer = -7; declare k integer; declare f integer; declare n {id} = {base};
begin
  while (d <= 30) do begin
    k = 0;
    while (k < {doctors}) do begin
      f = iif(k < 4, 1, 2);
      n = n + 1;
      insert into DOCTSHEDULE (SCHEDIDENT, DCODE, WDATE, BEGHOUR, BEGMIN, ENDHOUR, ENDMIN, SHINTERV, CHAIR, FILIAL)
      values (:n, {base} + 101 + :k, {today} + :d, 9, 0, 13, 0, 30, :f * 10 + 1 + mod(:k, 3), :f);
      n = n + 1;
      insert into DOCTSHEDULE (SCHEDIDENT, DCODE, WDATE, BEGHOUR, BEGMIN, ENDHOUR, ENDMIN, SHINTERV, CHAIR, FILIAL)
      values (:n, {base} + 101 + :k, {today} + :d, 14, 0, iif(:k = 5, 24, 20), 0, 30, :f * 10 + 1 + mod(:k + 1, 3), :f);
      k = k + 1;
    end
    d = d + 1;
  end
end)",
            fmt::arg("id", id()), fmt::arg("base", base_), fmt::arg("doctors", doctors().size()),
            fmt::arg("today", today())
        );
    }

    static std::string choice_of_prices() {
        std::string text;
        for (std::size_t index = 0; index < services().size(); ++index)
            text += fmt::format(
                ", {}, {}.{:02}", index, services()[index].price_kopecks / 100,
                services()[index].price_kopecks % 100
            );
        return text;
    }
    static std::string choice_of_on_tooth() {
        std::string text;
        for (std::size_t index = 0; index < services().size(); ++index)
            text += fmt::format(", {}, {}", index, services()[index].on_a_tooth ? 1 : 0);
        return text;
    }
    static std::string choice_of_teeth() {
        std::string text;
        for (std::size_t index = 0; index < teeth().size(); ++index)
            text += fmt::format(", {}, '{}'", index, teeth()[index]);
        return text;
    }

    // Bills h = 0 … with 1 + h mod 3 lines; every fifth has a head discount of 10 %, whose kopecks
    // do not divide evenly. Bills of the last thirty days have their visit in SCHEDULE, three in
    // four of the patients' parts are paid.
    void bills() {
        const std::int64_t total = options_.procedures;
        std::int64_t lines = 0, head = 0;
        const std::int64_t heads = std::max<std::int64_t>(1, (total + 1) / 2);
        while (lines < total) {
            const std::int64_t first_head = head, first_line = lines;
            while (lines < total && lines - first_line < kLinesPerBlock) lines += 1 + head++ % 3;
            lines = std::min(lines, total);
            add(fmt::format("procedures {} of {}", lines, total),
                fmt::format(
                    R"(execute block as
declare h integer = {first_head}; declare line integer = {first_line}; declare j integer; declare s integer;
declare pn integer; declare pc {id}; declare tc {id}; declare dc integer; declare f integer; declare day_at timestamp; declare b integer;
declare price numeric(15,2); declare qty integer; declare total numeric(15,2); declare owed numeric(15,2); declare jp numeric(15,2); declare jpd numeric(15,2);
declare hist {id}; declare agr {id}; declare zub varchar(8);
begin
  while (line < {lines}) do begin
    pn = 1 + cast(mod(cast(h as {wide}) * 7919, {patients}) as integer);
    pc = {base} + pn;
    tc = {base} + 1 + h;
    dc = mod(h, {doctors});
    f = iif(dc < 4, 1, 2);
    b = 9 + mod(h, 9);
    day_at = {today} - 1 - {history} + floor(cast(h as double precision) * {history} / {heads});
    j = 0; total = 0;
    while (j <= mod(h, 3) and line < {lines}) do begin
      s = mod(h + j * 5, {services});
      price = decode(s{prices});
      qty = iif(mod(h + j, 11) = 0, 2, 1);
      zub = null;
      if (decode(s{on_tooth}) = 1) then zub = decode(mod(h + j, {teeth_count}){teeth});
      insert into ORDERDET (ODETID, ORDERNO, SCHCODE, SCHCOUNT, SCHPRICE, SCHAMOUNT, PCODE, DCODE, FILIAL, ZUB)
      values ({base} + 1 + :line, :tc, {base} + 1 + :s, :qty, :price, :price * :qty, :pc, {base} + 101 + :dc, :f, :zub);
      total = total + price * qty;
      line = line + 1; j = j + 1;
    end
    owed = iif(mod(h, 5) = 0, total * 0.9, total);
    hist = null; agr = null; jp = 0; jpd = 0;
    if (mod(pn, 5) = 0) then begin hist = pc; agr = {barter}; jp = total; jpd = owed; end
    else if (mod(pn, 7) = 0) then begin hist = pc; agr = {insurance}; jp = total * 0.5; jpd = owed * 0.5; end
    insert into TREAT (TREATCODE, PCODE, DCODE, TREATDATE, ORDERNO, FILIAL, JID, CLINICID, HISTID, KATEG,
      AMOUNTCL, AMOUNTJP, AMOUNTCL_DISC, AMOUNTJP_DISC, CURSCURR, DOCTYPE, ACCESSLEVEL)
    values (:tc, :pc, {base} + 101 + :dc, dateadd(:b hour to :day_at), :tc, :f, :agr, 1, :hist, iif(:hist is null, 1, 2),
      :total - :jp, :jp, :owed - :jpd, :jpd, 1, iif(mod(:h, 2) = 0, 1, 3), 0);
    if (mod(h, 5) = 0) then insert into ORDERS (ORDERCOD, PCODE, DISCOUNT, DISCOUNTRUB) values (:tc, :pc, 10, :total - :owed);
    if (mod(h, 4) <> 3 and owed > jpd) then
      insert into INCOM (PAYNUM, PCODE, DCODE, PAYDATE, PAYCODE, AMOUNT, AMOUNTRUB, ORDERNO, FILIAL, MONEYCASHID, ACCESSLEVEL, MODIFYDATE)
      values ({base} + 1 + :h, :pc, -1, dateadd(:b + 1 hour to :day_at), 1, :owed - :jpd, :owed - :jpd, :tc, :f, 1 + mod(:h, 2), 0, dateadd(:b + 1 hour to :day_at));
    if (day_at >= {today} - 30) then
      insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, PCODE, DCODE, DCODE1, CHID, FILIAL, TREATCODE, AGRID, HISTID, KATEG,
        CLVISIT, VISITTIME, STARTTREAT, FINISHTREAT, STATUS, TMSTATUS, EMID, CREATEDATE, MODIFYDATE)
      values (:tc, :day_at, :b, 0, :b, 45, :pc, {base} + 101 + :dc, {base} + 101 + :dc, :f * 10 + 1 + mod(:h, 3), :f, :tc, :agr, :hist, iif(:hist is null, 1, 2),
        1, :day_at, :day_at, :day_at, iif(mod(:h, 6) = 0, 1, null), 0, 0, :day_at - 3, dateadd(:b + 1 hour to :day_at));
    h = h + 1;
  end
end)",
                    fmt::arg("first_head", first_head), fmt::arg("first_line", first_line),
                    fmt::arg("lines", lines), fmt::arg("id", id()),
                    fmt::arg("wide", options_.dialect == Dialect::one ? "numeric(18,0)" : "bigint"),
                    fmt::arg("patients", options_.patients), fmt::arg("base", base_),
                    fmt::arg("doctors", doctors().size()), fmt::arg("today", today()),
                    fmt::arg("history", options_.history_days), fmt::arg("heads", heads),
                    fmt::arg("services", services().size()), fmt::arg("prices", choice_of_prices()),
                    fmt::arg("on_tooth", choice_of_on_tooth()),
                    fmt::arg("teeth_count", teeth().size()), fmt::arg("teeth", choice_of_teeth()),
                    fmt::arg("barter", kBarterAgreement), fmt::arg("insurance", kInsuranceAgreement)
                ));
        }
    }

    // Today and ten days ahead, two visits per doctor and day, a reserve every third day, one row
    // with doctor -1.
    std::string future_visits() {
        // a declared variable starts from a literal only
        return fmt::format(
            R"(execute block as
declare d integer = 0; declare k integer; declare f integer; declare n {id} = {first}; declare pn integer = 0;
begin
  while (d <= 10) do begin
    k = 0;
    while (k < {doctors}) do begin
      f = iif(k < 4, 1, 2);
      n = n + 2;
      pn = mod(pn + 3, {patients});
      insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, PCODE, DCODE, DCODE1, CHID, FILIAL, KATEG, STATUS, TMSTATUS, EMID, CREATEDATE)
      values (:n, {today} + :d, 10, 0, 10, 30, {base} + 1 + :pn, iif(:k = 3, -1, {base} + 101 + :k), {base} + 101 + :k, :f * 10 + 1 + mod(:k, 3), :f, 1, iif(mod(:k, 4) = 0, 1, null), 0, 0, {today} - 2);
      pn = mod(pn + 3, {patients});
      insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, PCODE, DCODE, DCODE1, CHID, FILIAL, KATEG, STATUS, TMSTATUS, EMID, CREATEDATE)
      values (:n + 1, {today} + :d, iif(:k = 5, 23, 15), 30, iif(:k = 5, 24, 16), 0, {base} + 1 + :pn, {base} + 101 + :k, {base} + 101 + :k, :f * 10 + 1 + mod(:k + 1, 3), :f, 1, null, 0, 0, {today} - 2);
      if (mod(d, 3) = 0) then begin
        n = n + 2;
        insert into SCHEDULE (SCHEDID, WORKDATE, BHOUR, BMIN, FHOUR, FMIN, DCODE, DCODE1, CHID, FILIAL, TMSTATUS, EMID, CREATEDATE)
        values (:n, {today} + :d, 12, 0, 13, 0, {base} + 101 + :k, {base} + 101 + :k, :f * 10 + 1 + mod(:k, 3), :f, 7, 0, {today} - 2);
      end
      k = k + 1;
    end
    d = d + 1;
  end
end)",
            fmt::arg("id", id()), fmt::arg("base", base_), fmt::arg("doctors", doctors().size()),
            fmt::arg("today", today()), fmt::arg("patients", options_.patients),
            fmt::arg("first", base_ + 80'000'000)
        );
    }

    std::string plans() {
        return fmt::format(
            R"(execute block as declare i integer = 1;
begin
  while (i <= {count}) do begin
    insert into DAILYPLAN (DID, PCODE, DCODE, PDATE, SUMMARUB, SCHNUM, PLANTYPE)
    values ({base} + :i, {base} + :i, {base} + 101, {today} - 40, 25000, 'П-' || :i, 1);
    i = i + 1;
  end
end)",
            fmt::arg("count", std::min<std::int64_t>(options_.patients, 20)),
            fmt::arg("base", base_), fmt::arg("today", today())
        );
    }

    SeedOptions options_;
    std::int64_t base_;
    std::vector<SeedStep> steps_;
};

}  // namespace

std::vector<SeedStep> seed_steps(const SeedOptions& options) { return Seed(options).steps(); }

}  // namespace mis::simulator
