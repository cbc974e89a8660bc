#include "gateway/keeping/take_over.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "change/record_store.hpp"
#include "disclosure/audit.hpp"
#include "domain/announced.hpp"
#include "domain/slots/free_times.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/patient_links.hpp"
#include "gateway/keeping/sent_log.hpp"
#include "gateway/keeping/sent_mark.hpp"
#include "gateway/pipeline/concerned.hpp"
#include "gateway/pipeline/derivation.hpp"
#include "gateway/pipeline/restored.hpp"
#include "inbox/inbox.hpp"
#include "outbox/sent_events.hpp"
#include "outbox/trace.hpp"

namespace mis::gateway {
namespace {

using outbox::OutboxEvent;

constexpr std::size_t kIdsPerAuditEntry = 10'000;
// What nobody has any more may have been in any partition key: going on in this epoch would give
// sequences out twice.
constexpr std::string_view kNobodyHasMore =
    "only where they no longer exist, add --incomplete --new-epoch: consumers then discard what "
    "they know of this clinic's sources, and everything is announced anew";

bool is_slots(const OutboxEvent& event) { return event.partition_key.starts_with("slot/"); }

std::string after_slash(const std::string& name) {
    const auto slash = name.find('/');
    return slash == std::string::npos || name.starts_with("slot/") || name.starts_with("source/")
               ? ""
               : name.substr(slash + 1);
}

// Names were added after the event was made, and are no part of what it says.
void forget_names(Json& data) {
    if (data.is_object()) data.erase("practitioner_name");
    if (data.is_structured())
        for (auto& child : data) forget_names(child);
}

domain::Event as_said(const OutboxEvent& sent) {
    domain::Event event;
    event.id = sent.id;
    event.type = sent.type;
    event.source = sent.source;
    event.subject = sent.subject;
    if (sent.data.find("practitioner_name") == std::string::npos) {
        event.data = JsonText::of(sent.data);
    } else {
        Json data = *parse_json(sent.data);
        forget_names(data);
        event.data = data;
    }
    return event;
}

// Public ids by which the event leads to its group.
std::vector<std::string> ids_of(const OutboxEvent& sent) {
    std::set<std::string> ids{after_slash(sent.partition_key), after_slash(sent.subject)};
    const JsonMembers data{JsonView(sent.data)};
    for (const char* name : {"patient", "limit", "plan", "order"}) {
        const JsonView value = data.find(name);
        ids.insert(value.is_object() ? value.find("id").string() : value.string());
    }
    ids.erase("");
    return {ids.begin(), ids.end()};
}

// Ids and groups of the store that hang together, because events name them together or the store
// has them in one group.
class Clusters {
  public:
    int of(const std::string& name) {
        const auto [at, is_new] = number_of_.try_emplace(name, static_cast<int>(parents_.size()));
        if (is_new) parents_.push_back(at->second);
        return root(at->second);
    }
    void tie(const std::string& one, const std::string& other) {
        const int a = of(one), b = of(other);
        parents_[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
    }
    const std::map<std::string, int>& names() const { return number_of_; }

  private:
    std::map<std::string, int> number_of_;
    std::vector<int> parents_;

    int root(int number) {
        while (parents_[static_cast<std::size_t>(number)] != number) {
            auto& parent = parents_[static_cast<std::size_t>(number)];
            parent = parents_[static_cast<std::size_t>(parent)];
            number = parent;
        }
        return number;
    }
};

class TakingOver {
  public:
    TakingOver(ClinicStore& store, const TakeOver& what)
        : store_(store),
          what_(what),
          database_(store.database()),
          groups_(database_),
          inbox_(database_),
          outbox_(database_),
          log_(store.identity().clinic_id(), [this](std::string_view id) {
              return outbox_.knows(id);
          }) {}

    Result<TakeOverReport> run() {
        for (const auto& file : what_.files)
            if (const auto read = log_.read(file); !read) return fail(read.error());
        report_.events = log_.events();
        const std::uint32_t epoch = log_.epoch();
        if (epoch == 0 || epoch < store_.meta().epoch) return report_;  // consumers forgot it all
        const auto gap =
            log_.missing([&](const std::string& key) { return outbox_.last_sequence(key, epoch); });
        if (gap.events > 0 && what_.gaps == TakeOver::Gaps::refuse)
            return fail(
                ErrorKind::misconfigured,
                "the files lack " + std::to_string(gap.events) +
                    " events that were sent after what this store has, the first of " +
                    gap.partition_key + " behind sequence " + std::to_string(gap.after) +
                    ": name all files of the log together, not a party's or a type's view of it; " +
                    std::string(kNobodyHasMore)
            );
        report_.missing = gap.events;
        sqlite::Transaction transaction(database_);
        if (epoch > store_.meta().epoch) begin_epoch(transaction, epoch);
        events_ = log_.take_in_order();
        report_.applied = std::ssize(events_);
        take_orders(transaction);
        take_cards(transaction);
        take_messages(transaction);
        apply_to_groups(transaction);
        apply_slots(transaction);
        const auto first = outbox_.put_back(transaction, events_, what_.now_us);
        trace(transaction, first);
        tell_sinks(transaction, first);
        const std::int64_t ahead = SentMark::events_ahead(store_);
        if (ahead > 0 && what_.gaps == TakeOver::Gaps::refuse)
            return fail(
                ErrorKind::misconfigured,
                "the files end too early: the mark beside the store knows of " +
                    std::to_string(ahead) + " events behind them. Name the newest file too; " +
                    std::string(kNobodyHasMore)
            );
        report_.missing += ahead;
        if (what_.gaps == TakeOver::Gaps::refuse)
            if (const auto whole = check_last_events(store_, what_.last_events); !whole)
                return fail(whole.error());
        write_audit(transaction);
        if (!events_.empty()) restored::await_owners(transaction);
        if (!events_.empty() && had_records_ && tells_of_sources_read())
            restored::await_gone(transaction);
        if (!events_.empty())
            for (const auto& source : what_.sources) restored::await_source(transaction, source);
        if (what_.at_end) what_.at_end(transaction);
        transaction.commit();
        if (ahead > 0) SentMark::forget(store_.folder());
        return report_;
    }

  private:
    ClinicStore& store_;
    const TakeOver& what_;
    sqlite::Database& database_;
    domain_store::GroupStore groups_;
    inbox::Inbox inbox_;
    outbox::SentEvents outbox_;
    SentLog log_;
    TakeOverReport report_;
    std::vector<OutboxEvent> events_;
    // Of a store rebuilt from the log alone nobody could tell a patient who is gone from a base
    // that is the wrong one, or empty: what it said of him stands.
    const bool had_records_ = !change::RecordStore(database_).counts().empty();

    // What was announced in earlier epochs consumers were told to discard.
    void begin_epoch(sqlite::Transaction& transaction, std::uint32_t epoch) {
        outbox::set_meta_value(transaction, "epoch", std::to_string(epoch));
        groups_.forget_all_announced(transaction);
    }

    // What a source told that is read no more stands, though nothing is known of it here.
    bool tells_of_sources_read() const {
        return std::all_of(events_.begin(), events_.end(), [&](const OutboxEvent& sent) {
            return sent.source.empty() ||
                   std::find(what_.sources.begin(), what_.sources.end(), sent.source) !=
                       what_.sources.end();
        });
    }

    // Which orders are whose, as the events say it last. An order that is linked anew without
    // having been unlinked followed a card into another.
    void take_orders(sqlite::Transaction& transaction) {
        struct Told {
            restored::OrderTold order;
            bool of_link = false;
        };
        std::map<std::string, Told> orders;
        std::map<std::string, std::int64_t> placed_us;
        for (const OutboxEvent& sent : events_) {
            const JsonMembers data{JsonView(sent.data)};
            if (sent.type == "plan.opened" && data.find("reason").string() == "new")
                placed_us.emplace(data.find("plan").find("order").string(), sent.time.unix_us);
            if (!sent.type.starts_with("order.")) continue;
            auto& [told, of_link] = orders[data.find("order").string()];
            if (told.received_us == 0 || sent.time.unix_us < told.received_us)
                told.received_us = sent.time.unix_us;
            if (sent.type == "order.linked") {
                of_link = true;
                told.patient = data.find("patient").string();
                told.ground = data.find("ground").string();
                if (told.card.empty()) told.card = told.patient;
            } else if (sent.type == "order.unlinked") {
                of_link = true;
                told.patient = told.card = told.ground = "";
            }
        }
        for (auto& [order, heard] : orders) {
            auto& [told, of_link] = heard;
            if (!inbox_.knows_order(order)) {
                told.placed_us = placed_us[order];
                restored::await_order(transaction, order, told);
                report_.orders_without_message.push_back(order);
            } else if (of_link) {
                // By the cards as they will be read (Meaning).
                if (told.patient.empty() && inbox_.link_of(order))
                    inbox_.unlink(transaction, order);
                else
                    restored::await_order(transaction, order, told);
            }
        }
    }

    // Events say what they say because of messages that this store does not have.
    void take_messages(sqlite::Transaction& transaction) {
        std::map<std::string, restored::MessageTold> lost;
        const auto caused = [&](const std::string& message, const OutboxEvent& sent, bool tells) {
            if (message.empty() || inbox_.knows_message(message)) return;
            auto& told = lost[message];
            for (auto& id : ids_of(sent)) told.names.push_back(std::move(id));
            if (tells && (told.received_us == 0 || sent.time.unix_us < told.received_us))
                told.received_us = sent.time.unix_us;
        };
        for (const OutboxEvent& sent : events_) {
            if (sent.type.starts_with("billing.")) continue;  // an answer explains nothing
            const JsonMembers data{JsonView(sent.data)};
            // Some are dated by what they are about.
            const bool dated =
                !sent.type.starts_with("plan.deviation.") &&
                !(sent.type == "plan.opened" && data.find("reason").string() == "new");
            caused(data.find("request").string(), sent, dated);
            if (sent.type != "limit.closed") continue;
            constexpr std::string_view kInbox = "inbox:";
            for (const JsonView reason : data.find("reasons").elements())
                if (const std::string text = reason.string(); text.starts_with(kInbox))
                    caused(text.substr(kInbox.size()), sent, true);
        }
        for (auto& [message, told] : lost) {
            std::sort(told.names.begin(), told.names.end());
            told.names.erase(std::unique(told.names.begin(), told.names.end()), told.names.end());
            restored::await_message(transaction, message, told);
            report_.messages_lost.push_back(message);
        }
    }

    // Of whom each record was told last. A patient of whom two sources tell is one of linked cards;
    // a card that is told by its own name again was parted since the backup.
    void take_cards(sqlite::Transaction& transaction) {
        std::map<std::string, restored::CardTold> last;  // by the record's public id
        for (const OutboxEvent& sent : events_) {
            const bool taken_back = sent.type == "procedure.reversed" ||
                                    sent.type == "billing.payment_reversal" ||
                                    sent.type == "appointment.removed";
            const char* const kind =
                sent.type.starts_with("procedure.")     ? "procedure"
                : sent.type.starts_with("appointment.") ? "appointment"
                : sent.type.starts_with("billing.payment") || sent.type == "billing.refund"
                    ? "payment"
                    : nullptr;
            const std::string patient = JsonView(sent.data).find("patient").string();
            if (kind == nullptr || sent.record_id.empty() || patient.empty()) continue;
            const auto known = last.find(sent.record_id);
            if (!taken_back)
                last[sent.record_id] = {sent.source, kind, patient};
            else if (known != last.end() && known->second.patient == patient)
                last.erase(known);
        }
        std::map<std::string, std::set<std::string>> sources_of;  // patient → sources
        for (const auto& [record, told] : last) sources_of[told.patient].insert(told.source);
        change::RecordStore(database_).by_kind("", "patient", [&](const auto& record) {
            const auto of = sources_of.find(store_.identity().public_id(record.key));
            if (of != sources_of.end()) of->second.insert(record.key.source);
        });
        for (const auto& [record, told] : last)
            if (sources_of[told.patient].size() > 1)
                restored::await_card(transaction, record, told);
        domain_store::PatientLinks links(database_);
        for (std::int64_t after = 0;;) {
            const auto page = links.page(
                domain_store::PatientLinks::Which::standing, after,
                domain_store::PatientLinks::kPerPage
            );
            if (page.links.empty()) return;
            after = page.last;
            for (const auto& link : page.links)
                if (sources_of.contains(store_.identity().public_id(link.joins)))
                    links.unlink(transaction, link.joins, what_.now_us, what_.who);
        }
    }

    void apply_to_groups(sqlite::Transaction& transaction) {
        Clusters clusters;
        std::map<std::string, std::int64_t> group_of;  // by the name of its cluster
        // Who was never spoken of has a group all the same.
        const auto by_party = groups_by_party();
        const auto holders = holders_of_records();
        const auto reversed = reversed_lines();
        for (const OutboxEvent& sent : events_) {
            if (is_slots(sent)) continue;
            const auto ids = ids_of(sent);
            for (const auto& id : ids) {
                clusters.tie(ids.front(), id);
                const auto put = [&](std::int64_t group) {
                    const std::string name = "group " + std::to_string(group);
                    group_of.emplace(name, group);
                    clusters.tie(id, name);
                };
                if (const auto group = groups_.group_of_entity(id)) put(*group);
                if (const auto known = by_party.find(id); known != by_party.end())
                    put(known->second);
            }
            if (const auto record = record_of(sent); !record.empty()) {
                clusters.tie(ids.front(), record);
                if (const auto holder = holders.find(record); holder != holders.end()) {
                    const std::string name = "group " + std::to_string(holder->second);
                    group_of.emplace(name, holder->second);
                    clusters.tie(ids.front(), name);
                }
            }
        }
        struct Part {
            std::vector<std::string> ids;
            std::vector<std::int64_t> groups;
            std::vector<std::size_t> events;
        };
        std::map<int, Part> parts;
        for (const auto& [name, number] : clusters.names()) {
            Part& part = parts[clusters.of(name)];
            if (const auto group = group_of.find(name); group != group_of.end())
                part.groups.push_back(group->second);
            else if (!is_record(name))
                part.ids.push_back(name);
        }
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (is_slots(events_[i])) continue;
            if (const auto ids = ids_of(events_[i]); !ids.empty())
                parts[clusters.of(ids.front())].events.push_back(i);
        }
        for (auto& [number, part] : parts) {
            const auto joined = groups_.join_groups(transaction, part.groups);
            domain::Announced announced = parse_announced(joined.announced);
            announced.first_seen_us[kRestoredMark] = what_.now_us;
            for (const std::size_t place : part.events) {
                name_party(events_[place], announced);
                const domain::Event event = as_said(events_[place]);
                if (event.type.starts_with("limit.")) {
                    domain::tell_figures(announced, event);
                    domain::tell_names(announced, event);
                }
                // Of a divided list the last part says the totals.
                if (event.type.starts_with("plan.") || is_last_part(event))
                    domain::apply(announced, event);
                if (event.type == "billing.reversal")
                    end_bare_line(announced, events_[place], reversed);
            }
            groups_.save(
                transaction, joined.group, {announced.to_text(), due(joined.group), part.ids}
            );
            ++report_.groups;
        }
    }

    // Change set and line of each procedure.reversed.
    using ReversedLines = std::set<std::pair<std::string, std::string>>;
    ReversedLines reversed_lines() const {
        ReversedLines found;
        for (const OutboxEvent& sent : events_)
            if (sent.type == "procedure.reversed")
                found.emplace(
                    sent.change_set, JsonView(sent.data).find("procedure").find("id").string()
                );
        return found;
    }

    // X2: of one who withdrew his consent only the charge is taken back when his line is corrected
    // or gone, not the line. It stands no more all the same, and nothing will be said of it.
    static void end_bare_line(
        domain::Announced& announced, const OutboxEvent& reversal, const ReversedLines& reversed
    ) {
        static const std::set<std::string> kOfTheLine{"deleted", "corrected", "merged", "returned"};
        const JsonMembers data{JsonView(reversal.data)};
        if (!kOfTheLine.contains(data.find("reason").string()) ||
            reversed.contains({reversal.change_set, reversal.record_id}))
            return;
        const auto line = announced.standing.find(kLine + reversal.record_id);
        if (line != announced.standing.end() &&
            line->second.data.find("patient").string() == data.find("patient").string())
            announced.standing.erase(line);
    }

    // A visit, a line or a payment, under the key by which it stands.
    static std::string record_of(const OutboxEvent& sent) {
        const JsonMembers data{JsonView(sent.data)};
        const auto named = [&](const char* kind, const char* member) {
            const JsonView value = data.find(member);
            const std::string id = value.is_object() ? value.find("id").string() : value.string();
            return id.empty() ? std::string() : std::string(kind) + id;
        };
        if (sent.type.starts_with("appointment.")) return named(kVisit, "appointment");
        if (sent.type.starts_with("procedure.")) return named(kLine, "procedure");
        if (sent.type.starts_with("billing.payment") || sent.type == "billing.refund")
            return named(kPayment, "payment");
        return {};
    }

    static constexpr const char *kVisit = "appointment/", *kLine = "procedure/",
                                *kPayment = "payment/";
    static bool is_record(std::string_view key) {
        return key.starts_with(kVisit) || key.starts_with(kLine) || key.starts_with(kPayment);
    }

    // What went to another patient is told of under his name alone where the other's consent was
    // withdrawn, or where it was told of before the backup: the groups in which records of the log
    // stood before. With them the log's order decides whose they are.
    std::map<std::string, std::int64_t> holders_of_records() {
        std::set<std::string> records;
        for (const OutboxEvent& sent : events_)
            if (auto record = record_of(sent); !record.empty()) records.insert(std::move(record));
        std::map<std::string, std::int64_t> found;
        constexpr int kPage = 1000;
        for (std::int64_t after = 0; !records.empty();) {
            const auto page = groups_.groups_after(after, kPage);
            if (page.empty()) break;
            after = page.back();
            for (const auto group : page) {
                const std::string announced = groups_.announced(group);
                for (const JsonMember& member : JsonMembers(JsonView(announced).find("standing")))
                    if (is_record(member.name))
                        if (const auto record = records.find(std::string(member.name));
                            record != records.end())
                            found.emplace(*record, group);
            }
        }
        return found;
    }

    // Worked out once its source was compared; a group that nobody belongs to yet waits for him.
    std::optional<std::int64_t> due(std::int64_t group) const {
        if (groups_.parties(group).empty()) return std::nullopt;
        return 0;
    }

    static bool is_last_part(const domain::Event& event) {
        return event.data.find("part").integer() == event.data.find("parts").integer();
    }

    // X3: whose accounts it concerns. A reversal does not repeat it: the charge says it.
    static void name_party(OutboxEvent& sent, const domain::Announced& before) {
        const JsonMembers data{JsonView(sent.data)};
        if (sent.type == "billing.reversal") {
            const std::string charge = data.find("charge_id").string();
            for (const auto& [key, standing] : before.standing)
                if (standing.event_id == charge && key.starts_with("charge/"))
                    sent.party = standing.data.find("payer_party").string();
        } else if (sent.type.starts_with("billing.") || sent.type.starts_with("limit.")) {
            sent.party = data.find("payer_party").string();
            if (sent.party.empty()) sent.party = party_of_account(sent.type, data, before);
        }
    }

    // Payments and most events of an account do not name the party, only the account. Not a
    // stranger's line on it, which concerns nobody's party.
    static std::string party_of_account(
        const std::string& type, const JsonMembers& data, const domain::Announced& before
    ) {
        const std::string payer = data.find("payer").string();
        const bool paid = type.starts_with("billing.payment") || type == "billing.refund";
        const bool of_account =
            paid ? payer != "patient" && payer != "clinic"
                 : type.starts_with("limit.") && data.find("rule").string() != "not_a_member";
        const JsonView limit = data.find("limit");
        if (!of_account || limit.absent()) return {};
        const std::string id = limit.is_object() ? limit.find("id").string() : limit.string();
        const auto* account = before.find("limit/" + id);
        return account == nullptr ? std::string() : account->data.find("payer_party").string();
    }

    void apply_slots(sqlite::Transaction& transaction) {
        std::map<std::string, std::int64_t> group_of;  // by the practitioner's public id
        std::map<std::int64_t, Json> announced;
        std::map<std::string, Json> earlier_parts;
        for (const OutboxEvent& sent : events_) {
            if (sent.type != "slots.changed") continue;
            if (group_of.empty()) group_of = groups_by_party();
            domain::Event event = as_said(sent);
            Json data = event.data.tree();
            const std::string day = sent.subject + " " + data.value("day", "");
            if (data.contains("part")) {
                Json& all = earlier_parts.try_emplace(day, Json::array()).first->second;
                for (auto& interval : data["intervals"]) all.push_back(interval);
                if (!is_last_part(event)) continue;
                data["intervals"] = std::move(all);
                event.data = data;
                earlier_parts.erase(day);
            }
            const std::string practitioner = data.value("practitioner", "");
            auto group = group_of.find(practitioner);
            if (group == group_of.end()) {
                const auto joined = groups_.join_groups(transaction, {});
                group = group_of.emplace(practitioner, joined.group).first;
            }
            auto known = announced.find(group->second);
            if (known == announced.end()) {
                const auto text = groups_.announced(group->second);
                auto document = text.empty() ? Result<Json>(Json::object()) : parse_json(text);
                known =
                    announced.emplace(group->second, document ? *document : Json::object()).first;
            }
            domain::apply_slots(known->second, event);
        }
        for (const auto& [practitioner, group] : group_of)
            if (const auto known = announced.find(group); known != announced.end()) {
                groups_.save(
                    transaction, group, {canonical_json(known->second), due(group), {practitioner}}
                );
                ++report_.groups;
            }
    }

    // By pseudonym, order, and the practitioner's public id.
    std::map<std::string, std::int64_t> groups_by_party() {
        std::map<std::string, std::int64_t> found;
        constexpr int kPage = 1000;
        for (std::int64_t after = 0;;) {
            const auto page = groups_.groups_after(after, kPage);
            if (page.empty()) return found;
            after = page.back();
            for (const auto group : page)
                for (const auto& party : groups_.parties(group)) {
                    const bool order = party.kind == domain_store::PartyKind::order;
                    const bool patient = party.kind == domain_store::PartyKind::patient;
                    found.emplace(
                        order ? party.key
                              : store_.identity().public_id(
                                    party.source, patient ? "patient" : "practitioner", party.key
                                ),
                        group
                    );
                }
        }
    }

    // Whom they concerned, in one row a patient: which of them were one change set is gone. Of an
    // account of several, whom the books have in its group.
    void trace(sqlite::Transaction& transaction, std::int64_t first) {
        const Concerned::Accounts unknown;
        const Concerned concerned(unknown, {});
        const auto of = [&](const OutboxEvent& event) {
            auto patients = concerned.of(event.partition_key, JsonView(event.data));
            if (!patients.empty() || !event.partition_key.starts_with("limit/")) return patients;
            if (const auto group = groups_.group_of_entity(after_slash(event.partition_key)))
                for (const auto& party : groups_.parties(*group))
                    if (party.kind == domain_store::PartyKind::patient)
                        patients.push_back(store_.identity().pseudonym(party.source, party.key));
            return patients;
        };
        outbox::trace_sent(transaction, events_, of, first, what_.now_us);
    }

    // A sink whose progress the mark tells has no need of what it took already.
    void tell_sinks(sqlite::Transaction& transaction, std::int64_t first) {
        if (first == 0) return;
        std::map<std::string, std::int64_t> position_of;
        for (std::size_t i = 0; i < events_.size(); ++i)
            position_of.emplace(events_[i].id, first + static_cast<std::int64_t>(i));
        for (const auto& [sink, event_id] : SentMark::sinks_at(store_.folder())) {
            const auto at = position_of.find(event_id);
            if (at == position_of.end()) continue;
            transaction
                .prepare("update outbox_sink set low = ?, settled = x'' where sink = ? and low <= ?"
                )
                .with(at->second + 1, sink, at->second)
                .run();
            if (database_.changes() > 0) report_.sinks_known.push_back(sink);
        }
    }

    void write_audit(sqlite::Transaction& transaction) {
        for (std::size_t from = 0; from < events_.size(); from += kIdsPerAuditEntry) {
            disclosure::AuditEntry entry;
            entry.at_us = what_.now_us;
            entry.action = "restored";
            entry.who = what_.who;
            entry.ground = "left before the store was lost";
            const std::size_t to = std::min(events_.size(), from + kIdsPerAuditEntry);
            for (std::size_t i = from; i < to; ++i) entry.ids.push_back(events_[i].id);
            disclosure::Audit::append(transaction, entry);
        }
    }
};

}  // namespace

Result<void> check_last_events(ClinicStore& store, const std::vector<std::string>& last_events) {
    if (last_events.empty()) return {};
    const outbox::SentEvents outbox(store.database());
    for (const auto& id : last_events)
        if (!outbox.knows(id))
            return fail(
                ErrorKind::misconfigured,
                "a consumer has the event " + id +
                    ", which neither this store nor the files have: more was sent than they tell "
                    "of. Name that consumer's own log of events with --events; " +
                    std::string(kNobodyHasMore)
            );
    return {};
}

Result<TakeOverReport> take_over_sent_events(ClinicStore& store, const TakeOver& what) {
    return TakingOver(store, what).run();
}

}  // namespace mis::gateway
