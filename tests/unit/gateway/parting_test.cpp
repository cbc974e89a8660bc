// Groups that fall into parts when their tie is gone say what one big group would have said: the
// reference is domain::evaluate() over everybody's facts at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "domain/now.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/now_store.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/keeping/conservation.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"
#include "outbox/trace.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway::parting_test {
namespace {

constexpr std::int64_t kFirstUs = 1'775'000'000'000'000;
constexpr int kPatients = 6;

using Said = std::map<std::string, std::vector<std::string>>;  // by partition key

domain::Rules open_rules() {
    domain::Rules rules(*Zone::find("Europe/Moscow"));
    rules.export_mode = domain::ExportMode::all;
    rules.export_ground = "invented data";
    return rules;
}

Json money(std::int64_t rubles) { return Json{{"currency", "RUB"}, {"minor", rubles * 100}}; }

// Everybody is one group, for ever.
class BigGroup {
  public:
    explicit BigGroup(const Identity& identity, std::uint32_t epoch)
        : identity_(identity), epoch_(epoch), rules_(open_rules()) {
        rules_.event_id_of = [this](
                                 std::string_view entity, std::string_view type,
                                 std::string_view content, std::uint64_t nth
                             ) {
            const auto known = counts_.find(name(entity, type, content));
            const std::uint64_t n = known == counts_.end() ? 0 : known->second;
            return identity_.event_id(epoch_, entity, type, content, n + nth);
        };
    }
    void put(const RecordKey& key, const std::string& body, std::int64_t now_us) {
        auto& fact = records_[key];
        if (fact.body == body) return;
        fact = {key, ++versions_[key], now_us, body};
    }
    void remove(const RecordKey& key) { records_.erase(key); }
    void place(const Json& message, std::int64_t now_us) {
        messages_.push_back(
            {message["id"], message["type"], now_us, messages_.size() + 1, JsonText(message)}
        );
    }
    void link(const domain::OrderLink& link) { links_.emplace(link.order, link); }
    void unlink(const std::string& order) { links_.erase(order); }

    void work_off(std::int64_t now_us) {
        domain::GroupFacts facts;
        for (const auto& [key, fact] : records_) facts.records.push_back(fact);
        facts.messages = messages_;
        for (const auto& message : messages_) {
            const std::string order = message.body.find("order").string();
            if (const auto link = links_.find(order); link != links_.end())
                facts.links.push_back(link->second);
            else
                facts.waits.push_back({order, 0});
        }
        facts.now = rules_.clinic_zone.at(now_us);
        auto outcome = domain::evaluate(facts, announced, rules_, identity_);
        announced = outcome.after;
        for (const auto& event : outcome.events)
            ++counts_[name(event.entity_id, event.type, event.identity)];
        for (const auto& event :
             disclose(std::move(outcome.events), {}, {}, Concerned({}, {})).leaving)
            said[event.partition_key()].push_back(event.type() + ' ' + event.data());
    }

    domain::Announced announced;
    Said said;

  private:
    const Identity& identity_;
    const std::uint32_t epoch_;
    domain::Rules rules_;
    std::map<RecordKey, domain::RecordFact> records_;
    std::map<RecordKey, std::uint64_t> versions_;
    std::vector<domain::InboxFact> messages_;
    std::map<std::string, domain::OrderLink> links_;
    std::map<std::string, std::uint64_t> counts_;

    static std::string name(
        std::string_view entity, std::string_view type, std::string_view content
    ) {
        return std::string(entity).append("\n").append(type).append("\n").append(content);
    }
};

class Clinic {
  public:
    Clinic()
        : store_(ClinicStore::open(folder_.path, "clinic-1", ClinicStore::Opening::create)),
          meaning_(
              store_->database(), store_->identity(), store_->meta().epoch,
              MeaningSettings{open_rules(), {}}
          ),
          big(store_->identity(), store_->meta().epoch) {}

    void put(const std::string& kind, const Json& body) {
        auto record = record::record_from_json(kind, canonical_json(body));
        REQUIRE(record);
        big.put({"mis", kind, record->source_id}, record->body, now_us_);
        sqlite::Transaction transaction(store_->database());
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = now_us_;
        change::RecordStore(store_->database())
            .capture(
                transaction, {"mis", kind, kind}, std::span<const record::Record>(&*record, 1),
                options
            );
        transaction.commit();
    }
    void remove(const std::string& kind, const std::string& id) {
        big.remove({"mis", kind, id});
        sqlite::Transaction transaction(store_->database());
        const std::vector<std::string> keys{id};
        change::RecordStore(store_->database())
            .remove(transaction, {"mis", kind, kind}, keys, now_us_);
        transaction.commit();
    }
    void place(const std::string& order, int rubles) {
        const Json message{
            {"type", "order.placed"},
            {"id", "m" + order},
            {"order", order},
            {"placed_at", "2026-03-01T10:00:00+03:00"},
            {"patient", {{"phone", "+7 900 000-00-99"}, {"last_name", "Пробный"}}},
            {"limit", {{"amount", money(rubles)}, {"kind", "barter"}, {"payer", "ООО Ромашка"}}},
            {"items", Json::array({Json{
                          {"id", "i1"},
                          {"service_code", "T1"},
                          {"teeth", {"16"}},
                          {"quantity", "1"},
                          {"total", money(900)}}})}};
        sqlite::Transaction transaction(store_->database());
        const auto accepted = meaning_.accept(transaction, message, now_us_);
        REQUIRE_MESSAGE(accepted.verdict == inbox::Verdict::accepted, accepted.reason);
        transaction.commit();
        big.place(inbox::Inbox(store_->database()).message(accepted.position).body.tree(), now_us_);
    }
    void link(const std::string& order, const std::string& patient) {
        const domain::OrderLink link{order, "mis", patient, now_us_, "operator"};
        sqlite::Transaction transaction(store_->database());
        REQUIRE(meaning_.link_order(transaction, link));
        transaction.commit();
        big.link(link);
    }
    void unlink(const std::string& order) {
        sqlite::Transaction transaction(store_->database());
        REQUIRE(meaning_.unlink_order(transaction, order));
        transaction.commit();
        big.unlink(order);
    }

    // One complete pass.
    void pass() {
        now_us_ += 60'000'000;
        meaning_.work_off(now_us_);
        big.work_off(now_us_);
        const Said told = said();
        for (const auto& [key, events] : big.said) {
            const auto ours = told.find(key);
            REQUIRE_MESSAGE(ours != told.end(), key);
            REQUIRE(ours->second == events);
        }
        REQUIRE(told.size() == big.said.size());
        require_same_state();
        require_trace();
        require_now_rows();
        const auto books = check_conservation(*store_, meaning_, now_us_);
        if (!books.differences.empty()) FAIL(books.differences.front());
    }

    // How many patients each group has.
    std::multiset<std::size_t> groups() {
        std::multiset<std::size_t> sizes;
        const domain_store::GroupStore groups(store_->database());
        for (const auto group : groups.groups_after(0, 1000)) {
            std::size_t patients = 0;
            for (const auto& party : groups.parties(group))
                patients += party.kind == domain_store::PartyKind::patient ? 1 : 0;
            if (!groups.parties(group).empty()) sizes.insert(patients);
        }
        return sizes;
    }

  private:
    test::TemporaryFolder folder_;
    std::unique_ptr<ClinicStore> store_;
    Meaning meaning_;
    std::int64_t now_us_ = kFirstUs;

  public:
    BigGroup big;

  private:
    Said said() {
        Said all;
        std::int64_t after = 0;
        for (;;) {
            const auto page = outbox::read_events(store_->database(), after, 1000);
            if (page.empty()) return all;
            for (const auto& event : page) {
                after = event.position;
                all[event.partition_key].push_back(event.type + ' ' + event.data);
                ids.insert(event.id);
            }
        }
    }

    // What lists show is what stands announced, of whichever group it is now.
    void require_now_rows() {
        std::vector<domain::AccountNow> accounts;
        std::set<std::string> problems;
        const domain_store::GroupStore groups(store_->database());
        const domain_store::NowStore rows(store_->database());
        for (const auto group : groups.groups_after(0, 1000)) {
            const auto text = groups.announced(group);
            if (text.empty()) continue;
            auto now = domain::now_of(*domain::Announced::from_text(text));
            for (const auto& one : now.accounts) {
                const auto row = rows.account(one.id, 80);
                REQUIRE_MESSAGE(row, one.id);
                REQUIRE(row->group == group);
                accounts.push_back(one);
            }
            for (const auto& one : now.problems) problems.insert(one.key);
            for (const auto& one : now.plans) {
                const auto of = rows.plans_of(one.patient);
                REQUIRE(std::find(of.begin(), of.end(), one) != of.end());
            }
        }
        using Order = domain_store::AccountsAsked::Order;
        for (const auto order : {Order::share, Order::expiry, Order::payer}) {
            std::vector<domain::AccountNow> listed;
            domain_store::AccountsAsked asked;
            asked.order = order;
            asked.limit = 2;
            do {
                auto page = rows.accounts(asked);
                for (auto& row : page.rows) listed.push_back(std::move(row.account));
                asked.after = page.next;
            } while (!asked.after.empty());
            const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
            std::sort(listed.begin(), listed.end(), by_id);
            std::sort(accounts.begin(), accounts.end(), by_id);
            REQUIRE(listed == accounts);
        }
        using Kind = domain::ProblemNow::Kind;
        std::set<std::string> listed;
        for (const auto kind : {Kind::mismatch, Kind::deviation, Kind::violation})
            for (const auto& row : rows.problems(kind, {-1, ""}, 1000))
                listed.insert(row.problem.key);
        REQUIRE(listed == problems);
    }

    // X2: each event is traced to whom it names and to nobody else; an account of several to each
    // of them.
    void require_trace() {
        std::map<std::string, std::set<std::string>> traced;  // event → patients
        for (int patient = 1; patient <= kPatients; ++patient) {
            const std::string name = store_->identity().pseudonym("mis", std::to_string(patient));
            for (const auto& entry :
                 outbox::trace_of(store_->database(), name, 0, 10'000).entries) {
                REQUIRE(entry.fate == outbox::Fate::left);
                REQUIRE(traced[entry.id].insert(name).second);
            }
        }
        std::int64_t after = 0;
        for (;;) {
            const auto page = outbox::read_events(store_->database(), after, 1000);
            for (const auto& event : page) {
                after = event.position;
                const auto of = traced.find(event.id);
                const std::string named = JsonView(event.data).find("patient").string();
                if (!named.empty()) {
                    REQUIRE_MESSAGE(of != traced.end(), event.type);
                    REQUIRE(of->second == std::set<std::string>{named});
                } else if (event.partition_key.starts_with("limit/")) {
                    REQUIRE_MESSAGE(of != traced.end(), event.type);
                } else {
                    REQUIRE_MESSAGE(of == traced.end(), event.type);
                }
                if (of != traced.end()) traced.erase(of);
            }
            if (page.empty()) break;
        }
        REQUIRE(traced.empty());
    }

    void require_same_state() {
        std::vector<domain::Announced> parts;
        const domain_store::GroupStore groups(store_->database());
        for (const auto group : groups.groups_after(0, 1000)) {
            const std::string text = groups.announced(group);
            if (text.empty()) continue;
            auto announced = domain::Announced::from_text(text);
            REQUIRE(announced);
            parts.push_back(std::move(*announced));
        }
        std::size_t standing = 0;
        for (const auto& part : parts) standing += part.standing.size();
        const auto all = domain::joined(std::move(parts));
        REQUIRE(standing == all.standing.size());  // nothing stands in two groups
        REQUIRE(all.first_seen_us == big.announced.first_seen_us);
        for (const auto& [key, was] : big.announced.standing) {
            const auto* is = all.find(key);
            REQUIRE_MESSAGE(is != nullptr, key);
            REQUIRE(is->event_id == was.event_id);
            REQUIRE(is->data.text() == was.data.text());
        }
        REQUIRE(all.standing.size() == big.announced.standing.size());
        const auto booked = [](const std::vector<domain::LedgerEntry>& entries) {
            std::multiset<std::string> lines;
            for (const auto& entry : entries)
                lines.insert(
                    entry.charge_id + entry.booked_on + entry.order + entry.limit + entry.payer +
                    entry.total.to_string()
                );
            return lines;
        };
        REQUIRE(booked(all.ledger) == booked(big.announced.ledger));
        REQUIRE(booked(all.receipts) == booked(big.announced.receipts));
    }

  public:
    std::set<std::string> ids;
};

Json line(const std::string& id, const std::string& patient, int rubles) {
    return Json{
        {"source_id", id},
        {"patient_source_id", patient},
        {"performed_at", "2026-03-0" + std::to_string(2 + id.back() % 5) + "T10:00:00+03:00"},
        {"state", "done"},
        {"service_code", "T" + std::to_string(id.back() % 2)},
        {"teeth", {"16"}},
        {"quantity", "1"},
        {"total", money(rubles)}};
}

// A history of a clinic where cards are merged and parted, accounts shared and taken back, records
// entered on the wrong card, orders linked to the wrong patient.
class History {
  public:
    History(Clinic& clinic, unsigned seed) : clinic_(clinic), random_(seed) {
        for (int patient = 1; patient <= kPatients; ++patient) card(patient, 0);
        for (int number = 0; number < 2 * kPatients; ++number) set_line(number);
        clinic_.pass();
    }

    void step() {
        switch (below(9)) {
            case 0:
            case 1:
                return set_line(below(2 * kPatients));
            case 2: {
                const int number = below(2 * kPatients);
                return clinic_.remove("procedure", std::to_string(100 + number));
            }
            case 3: {
                const int id = below(3);
                return clinic_.put(
                    "appointment",
                    Json{
                        {"source_id", std::to_string(200 + id)},
                        {"patient_source_id", someone()},
                        {"starts_at", "2026-05-02T10:00:00+03:00"},
                        {"ends_at", "2026-05-02T11:00:00+03:00"},
                        {"status", "booked"}}
                );
            }
            case 4:
                return share(1 + below(kPatients));
            case 5:
                return clinic_.remove("limit", "L" + std::to_string(1 + below(kPatients)));
            case 6:
                return card(1 + below(kPatients), below(3) == 0 ? 1 + below(kPatients) : 0);
            case 7: {
                const int id = below(3);
                return clinic_.put(
                    "payment",
                    Json{
                        {"source_id", std::to_string(300 + id)},
                        {"patient_source_id", someone()},
                        {"paid_at", "2026-03-05T10:00:00+03:00"},
                        {"kind", "payment"},
                        {"payer", "patient"},
                        {"amount", money(100 * (1 + below(3)))}}
                );
            }
            default:
                return order(below(2));
        }
    }

    void end_all_ties() {
        for (int patient = 1; patient <= kPatients; ++patient) {
            card(patient, 0);
            clinic_.remove("limit", "L" + std::to_string(patient));
        }
        clinic_.pass();
    }

  private:
    Clinic& clinic_;
    std::mt19937 random_;
    std::map<int, bool> orders_;  // number → whether it is linked

    int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
    std::string someone() { return std::to_string(1 + below(kPatients)); }

    void card(int patient, int merged_into) {
        Json body{{"source_id", std::to_string(patient)}, {"last_name", "Тестова"}};
        if (merged_into != 0 && merged_into != patient)
            body["merged_into"] = std::to_string(merged_into);
        clinic_.put("patient", body);
    }

    void set_line(int number) {
        Json body = line(std::to_string(100 + number), someone(), 500 + 100 * below(3));
        if (below(2) == 0) {
            body["payer"] = "limit";
            body["limit_source_id"] = "L" + someone();
        }
        clinic_.put("procedure", body);
    }

    void share(int owner) {
        Json members = Json::array();
        for (int i = below(3); i > 0; --i) members.push_back(someone());
        clinic_.put(
            "limit",
            Json{
                {"source_id", "L" + std::to_string(owner)},
                {"patient_source_id", std::to_string(owner)},
                {"kind", "barter"},
                {"members", members},
                {"granted", money(1000 * (1 + below(2)))}}
        );
    }

    void order(int number) {
        const std::string id = "O" + std::to_string(number);
        const auto known = orders_.find(number);
        if (known == orders_.end()) {
            clinic_.place(id, 1500);
            orders_[number] = false;
        } else if (known->second) {
            clinic_.unlink(id);
            known->second = false;
        } else {
            clinic_.link(id, someone());
            known->second = true;
        }
    }
};

}  // namespace

TEST_CASE(
    "D2, P6: groups that part say what one big group says, with the same ids in the same order, "
    "and "
    "announce the same state"
) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Clinic clinic;
        History history(clinic, seed);
        for (int pass = 0; pass < 12; ++pass) {
            CAPTURE(pass);
            for (int changes = 0; changes <= pass % 3; ++changes) history.step();
            clinic.pass();
        }
        history.end_all_ties();
        for (const auto patients : clinic.groups()) CHECK(patients <= 1);
        CHECK(clinic.groups().count(1) == kPatients);
    }
}

TEST_CASE("P6: a line entered on the wrong card joins the two cards for one change set") {
    Clinic clinic;
    for (const char* patient : {"1", "2"})
        clinic.put("patient", Json{{"source_id", patient}, {"last_name", "Тестова"}});
    clinic.put("procedure", line("101", "1", 500));
    clinic.put("procedure", line("102", "2", 700));
    clinic.pass();
    clinic.put("procedure", line("101", "2", 500));
    clinic.pass();
    CHECK(clinic.groups() == std::multiset<std::size_t>{1, 1});
}

}  // namespace mis::gateway::parting_test
