// Meaning: the second of the two transactions. Per change set: load the group's standing facts,
// evaluate, disclose, append to the outbox, save what was announced, end the waiting. Several
// change sets share one commit (and one fsync); each is whole in it.
//
// Owned by the pipeline, called from the thread that writes. After a crash whatever was not
// committed is worked out again from the same facts, with the same ids (I2).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "change/record_store.hpp"
#include "domain/billing/payer_statement.hpp"
#include "domain/division.hpp"
#include "domain/evaluate.hpp"
#include "domain_store/code_map.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/now_store.hpp"
#include "gateway/pipeline/derivation.hpp"
#include "gateway/pipeline/foresight.hpp"
#include "gateway/pipeline/group_reader.hpp"
#include "gateway/pipeline/restored.hpp"
#include "inbox/inbox.hpp"
#include "outbox/outbox.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

struct MeaningSettings {
    domain::Rules rules;
    std::map<std::string, Zone>
        configured_branch_zones;  // over what the records of kind branch say
    int slot_days = 28;           // A3: the coming weeks
    int groups_per_commit = 200;
    enum class PractitionerNames {
        stay,
        leave
    } practitioner_names = PractitionerNames::stay;  // schemas/README.md section 2
};

struct MeaningReport {
    std::int64_t groups = 0;
    std::int64_t events = 0;         // appended to the outbox
    std::int64_t withheld = 0;       // X1: tracked here, never sent
    std::int64_t foreseen = 0;       // groups that were worked out ahead (foresight.hpp)
    std::int64_t lines_waiting = 0;  // L0: their account is not known yet
    std::vector<domain::Problem> problems;
    MeaningReport& operator+=(const MeaningReport& other);
};

class Meaning {
  public:
    Meaning(
        sqlite::Database& database, const Identity& identity, std::uint32_t epoch,
        MeaningSettings settings
    );
    Meaning(const Meaning&) = delete;
    Meaning& operator=(const Meaning&) = delete;

    // Everything that waits: pending groups, orders without a patient, groups whose time has come.
    // `now_us` is the change sets' time. A group with a patient of a source in `being_read`, of one
    // whose last pass was cut, or of one that a restored store has not compared, is left for the
    // end of a complete one (D2). Returns when nothing else waits. After each commit `go_on` is
    // asked, if given: it may let others have the store for a moment, and says whether to go on.
    MeaningReport work_off(
        std::int64_t now_us, const std::set<std::string>& being_read = {},
        const std::function<bool()>& go_on = {}
    );

    // A message of the exchange: stored, and its group made due. The caller commits; work_off()
    // gives it meaning.
    inbox::Acceptance accept(
        sqlite::Transaction& transaction, const Json& message, std::int64_t now_us
    );

    // Whom an order with these identifiers could mean now (P9): one is linked by itself,
    // none or several wait.
    std::vector<RecordKey> candidates(const inbox::OrderIdentity& identity) const;

    // The operator's hand. rejected: no such order, no such patient, or nothing to undo.
    Result<void> link_order(sqlite::Transaction& transaction, const domain::OrderLink& link);
    Result<void> unlink_order(sqlite::Transaction& transaction, const std::string& order);

    // P11: two cards of two sources are one person's, known by the one that stays; the clinic's
    // word, audited. rejected: no such patient, one source, linked already, or in a circle.
    struct Confirmed {
        std::string who;
        std::int64_t now_us = 0;
        std::string ground = "the clinic's word";
    };
    Result<void> link_patients(
        sqlite::Transaction& transaction, const domain::PatientLink& link, const Confirmed& by
    );
    Result<void> unlink_patient(
        sqlite::Transaction& transaction, const RecordKey& joins, const Confirmed& by
    );

    // `hold release --send|--baseline`: the records that a new mapping changed become the standing
    // ones; *baseline* takes their consequences as announced without sending them. rejected:
    // nothing waits there. What else was pending has its meaning first.
    Result<void> answer_mapping_hold(
        sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
        change::RecordStore::Answer answer, std::int64_t now_us
    );
    // What `hold release --send` would change, per type of what stands announced to the exchange.
    // The caller's transaction must be rolled back. At most so many records are looked at.
    struct HeldChange {
        std::string type;
        std::int64_t before = 0, after = 0;  // announcements that stand
        std::int64_t changed = 0;            // of them new, otherwise or gone
        // their money; nullopt: they have none, or several currencies
        std::optional<Money> total_before, total_after;
    };
    std::vector<HeldChange> preview_mapping_hold(
        sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
        std::int64_t now_us, int records_max
    );
    // I8: plans are matched anew with the new code; nothing charged is reversed.
    void map_code(
        sqlite::Transaction& transaction, const std::string& service_code,
        const std::string& nomenclature
    );
    // F1: the clinic's answer. rejected: no such feedback.
    Result<void> answer_feedback(
        sqlite::Transaction& transaction, const std::string& feedback, const std::string& text,
        std::int64_t now_us
    );

    // Events without a group: source.degraded and its like.
    void announce(
        sqlite::Transaction& transaction, const std::vector<domain::Event>& events,
        std::int64_t now_us
    );

    // I8: the clinic's table and the branches' zones are read anew.
    void reload_rules();
    bool read_price_lists();
    void make_all_due(sqlite::Transaction& transaction);

    // With a way to read the store beside the writer, the groups that come next are worked out on
    // another core (foresight.hpp). The events are the same.
    void foresee_with(std::function<sqlite::Database()> open_reader) {
        open_reader_ = std::move(open_reader);
    }

    const disclosure::GateCounts& gate_counts() const { return gate_counts_; }
    const domain::Rules& rules() const { return settings_.rules; }
    // Of the source's branches, by their ids: what the configuration says, else the source's own
    // records. Two sources may use the same ids.
    std::map<std::string, Zone> zones_of(const std::string& source) const;

    // The facts of one group, as evaluate() gets them; also for `plan`, `limit`, `reconcile`.
    domain::GroupFacts facts_of(std::int64_t group, std::int64_t now_us) const;

  private:
    // One commit's worth of change sets: where they are written, when they are, what came of them.
    struct Writing {
        sqlite::Transaction& transaction;
        outbox::Outbox::Appender& appender;
        const std::int64_t now_us;
        MeaningReport& report;
    };
    // What one commit has worked out so far.
    struct Turn {
        std::set<std::int64_t>& left;              // pending, but of a group that is being read
        std::set<std::int64_t> done;               // groups
        std::set<domain_store::Party> covered;     // whose meaning was worked out with another's
        std::set<domain_store::Party> being_read;  // with whom a patient of such a source hangs
                                                   // together
    };
    void link_waiting_orders(std::int64_t now_us);
    // D5: another `counts_from` means something else of what is there already.
    bool history_changed() const;
    std::string counts_from_text() const;
    bool work_off_some(
        std::int64_t now_us, const std::set<std::string>& mid_pass, std::set<std::int64_t>& left,
        MeaningReport& report
    );
    std::vector<change::PendingGroup> waiting_groups(
        std::size_t most, const std::set<std::string>& mid_pass, const std::set<std::int64_t>& left
    ) const;
    void work_out_pending(
        Writing& writing, const change::PendingGroup& waiting,
        const std::set<std::string>& mid_pass, Turn& turn
    );
    void work_out_due(Writing& writing, std::int64_t group, Turn& turn);
    void end_waiting(Writing& writing, const std::vector<std::int64_t>& groups, Turn& turn);
    std::vector<std::int64_t> due_groups(std::int64_t now_us, const std::set<std::string>& mid_pass)
        const;
    void set_aside(
        Writing& writing, std::int64_t group, const domain::GroupFacts& facts,
        const std::vector<domain::Problem>& problems
    );
    void hold_requests_back(std::vector<std::int64_t>& due, bool more_pending) const;
    static std::string merge_announced(const std::vector<std::string>& texts);
    void attach(sqlite::Transaction& transaction, const inbox::Acceptance& acceptance);
    // What a message may name, and what only the books can tell of a grant (L1).
    bool knows(inbox::EntityKind kind, std::string_view id) const;
    bool knows_item(std::string_view plan, std::string_view item) const;
    std::optional<inbox::Refusal> refuse_grant(
        const inbox::InboxMessage& grant, std::int64_t now_us
    ) const;
    std::string missing_ground(const inbox::InboxMessage& request, std::int64_t now_us) const;
    void read_books(domain::PayerStatement& books) const;
    void answer_payer_request(Writing& writing, std::int64_t group);
    RecordKey merged_into(const RecordKey& patient, const Json& body) const;
    RecordKey person_of(const RecordKey& card) const;  // over the clinic's links (P11)
    void links_changed(
        sqlite::Transaction& transaction, const domain::PatientLink& link, const std::string& what,
        const Confirmed& by
    );
    // After a restore the exchange's pseudonym is known before the patient is read: he belongs
    // where it stands, before he is joined with anybody, else all that was sent would be said again
    // (I4).
    void adopt_restored(
        sqlite::Transaction& transaction, const std::vector<domain_store::Party>& parties
    );
    void relink_cards(std::int64_t now_us);
    void adopt_pending(sqlite::Transaction& transaction);
    std::map<std::string, std::int64_t> records_restored() const;
    // After a restore a record stands with whom events named, which need not be its owner.
    void join_owners(sqlite::Transaction& transaction);
    void join_owner(
        sqlite::Transaction& transaction, const domain_store::Party& owner, std::int64_t group
    );
    bool find_subjects();
    void take_back_gone(std::int64_t now_us, MeaningReport& report);
    // Groups of which events tell what only a lost message explains wait for it (restored.hpp).
    void welcome_messages(std::int64_t now_us);
    bool link_as_told(
        sqlite::Transaction& transaction, const std::string& order, const restored::OrderTold& told,
        std::int64_t now_us
    );
    bool is_held(const change::GroupKey& who) const;
    void join_order(sqlite::Transaction& transaction, const domain::OrderLink& link);
    enum class Sending { send, baseline };
    // The groups that it became: one, or the parts into which it fell.
    std::vector<std::int64_t> work_out_patients(
        Writing& writing, const domain_store::Joined& joined, const change::GroupKey* patient,
        Sending sending = Sending::send
    );
    Derivation derive_now(
        Writing& writing, const domain::GroupFacts& facts, const domain::Announced& announced
    );
    // parting.cpp
    std::vector<std::int64_t> settle(
        Writing& writing, std::int64_t group, const domain::GroupFacts& facts,
        const Derivation& derived
    );
    std::vector<std::int64_t> divide(
        Writing& writing, std::int64_t group, const domain::GroupFacts& facts,
        std::vector<GroupReader::Parties> parties, const Derivation& whole
    );
    void add_former_records(
        const std::vector<GroupReader::Parties>& parties, std::vector<domain::PartMembers>& members
    ) const;
    void save(Writing& writing, std::int64_t group, const Derivation& derived);
    void save_now(Writing& writing, std::int64_t group, const Derivation& derived);
    std::optional<Foresight::Answer> foreseen(
        Writing& writing, const change::GroupKey& patient, const domain_store::Joined& joined
    );
    void look_ahead(std::vector<change::GroupKey> next, std::int64_t now_us);
    void wake_strangers(
        sqlite::Transaction& transaction, std::int64_t group, const std::vector<std::string>& limits
    );
    void work_out_practitioner(
        Writing& writing, const domain_store::Joined& joined, const change::GroupKey& who
    );
    void append(
        Writing& writing, const std::vector<domain::Event>& events, const Concerned& concerned
    );
    void reload_practitioner_names();

    sqlite::Database& database_;
    const Identity& identity_;
    MeaningSettings settings_;
    change::RecordStore records_;
    domain_store::GroupStore groups_;
    domain_store::CodeMap codes_;
    inbox::Inbox inbox_;
    domain_store::PatientLinks links_;
    domain_store::NowStore now_;
    GroupReader reader_;
    outbox::Outbox outbox_;
    disclosure::PrivateIndex everybody_;
    disclosure::GateCounts gate_counts_;
    std::function<sqlite::Database()> open_reader_;
    std::uint64_t rules_read_ = 0, foresight_rules_ = 0;  // how often; when foresight_ was made
    std::unique_ptr<Foresight> foresight_;                // while work_off() runs
    // Whether only work_off_some() wrote since the answers at hand were begun: then the facts of
    // the same members are the same, and are not read again (sqlite::Database).
    bool alone_since_look_ = false;
    std::int64_t others_at_look_ = -1, others_at_last_look_ = -1, changes_at_end_ = -1;
    std::set<std::int64_t> held_;         // groups, while work_off() runs
    std::set<std::string> held_records_;  // what stands in them: "procedure/ID", "payment/ID", …
    PractitionerNames practitioner_names_;
    std::pair<std::int64_t, std::int64_t> price_lists_{
        -1, -1};  // RecordStore::state_of_kind when they were read
    // (folded code, source) → nomenclature, by the clinic's own price lists (I8)
    std::map<std::pair<std::string, std::string>, std::string> listed_codes_;
    std::map<std::pair<std::string, std::string>, Zone> branch_zones_;  // (source, branch)
};

// As commands and the console tell it: [{type, before, after, changed, total_before?,
// total_after?}].
Json changes_json(const std::vector<Meaning::HeldChange>& changes);

}  // namespace mis::gateway
