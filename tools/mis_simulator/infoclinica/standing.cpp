#include "../standing.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "writer.hpp"

namespace mis::simulator {

namespace {

constexpr std::string_view kCountedTables[] = {
    "FILIALS",  "DOCTOR", "WSCHEMA", "CLIENTS",    "SCHEDULE",   "DOCTSHEDULE", "TREAT",
    "ORDERDET", "INCOM",  "CLAVANS", "LOSECREDIT", "JPPAYMENTS", "CLHISTNUM",   "DAILYPLAN"};

// The skip rules of connectors/infoclinica, said a second time on purpose: a test that compares
// both notices when one changes.
constexpr std::pair<std::string_view, std::string_view> kStreams[] = {
    {"branch", "select count(*) from FILIALS"},
    {"practitioner", "select count(*) from DOCTOR where DCODE > 0"},
    {"service", "select count(*) from WSCHEMA"},
    {"patient",
     "select count(*) from CLIENTS where PCODE > 0 and PCODE not in (select PCODE from "
     "CLCERTIFICATEREF)"},
    {"appointment", "select count(*) from SCHEDULE where PCODE > 0"},
    {"shift", "select count(*) from DOCTSHEDULE where SHINTERV is not null and DCODE > 0"},
    {"busy", "select count(*) from SCHEDULE where PCODE is null and TMSTATUS > 0"},
    {"procedure",
     "select count(*) from TREAT T join ORDERDET L on L.ORDERNO = T.ORDERNO where T.PCODE > 0 and "
     "coalesce(T.ACCESSLEVEL, 0) <= 1"},
    {"payment",
     "select count(*) from INCOM where PCODE > 0 and coalesce(ACCESSLEVEL, 0) <= 1 and PAYCODE <> "
     "6 "
     "and PCODE not in (select PCODE from CLCERTIFICATEREF)"},
    {"payment_advance",
     "select count(*) from CLAVANS A where A.PCODE > 0 and coalesce(A.ACCESSLEVEL, 0) <= 1 and "
     "A.AMOUNTRUB > 0 "
     "and A.PCODE not in (select PCODE from CLCERTIFICATEREF) and not exists (select * from INCOM "
     "I where I.AVANSID = A.ID)"},
    {"payment_settlement", "select count(*) from LOSECREDIT where PCODE > 0"},
    {"payment_insurer", "select count(*) from JPPAYMENTS where PCODE > 0 and OPERTYPE in (5, 8)"},
    {"limit", "select count(*) from CLHISTNUM where PCODE > 0"},
    {"plan", "select count(*) from DAILYPLAN where PCODE > 0"},
};

}  // namespace

Standing InfoclinicaWriter::standing() {
    Standing standing;
    for (auto table : kCountedTables)
        standing.tables[std::string(table)] =
            base_.number(fmt::format("select count(*) from {}", table));
    for (const auto& [stream, sql] : kStreams)
        standing.streams[std::string(stream)] = base_.number(sql);
    return standing;
}

}  // namespace mis::simulator
