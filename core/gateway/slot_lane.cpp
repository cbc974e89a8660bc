#include "gateway/slot_lane.hpp"

#include <optional>

#include "base/log.hpp"
#include "disclosure/audit.hpp"

namespace mis::gateway {
namespace {

class OneState {  // what a connection reads as of one moment
  public:
    explicit OneState(sqlite::Database& reader) : reader_(reader) {
        reader_.execute("begin");
        reader_.prepare("select count(*) from sqlite_master").step();  // from here on
    }
    OneState(const OneState&) = delete;
    OneState& operator=(const OneState&) = delete;
    ~OneState() {
        try {
            reader_.execute("commit");
        } catch (const sqlite::StoreError& error) {
            log::error("ending a look at the store: {}", error.what());
        }
    }

  private:
    sqlite::Database& reader_;
};

}  // namespace

std::set<std::string> SlotSetup::sources() const {
    std::set<std::string> names;
    for (const auto& row : table.rows) names.insert(row.source);
    return names;
}

disclosure::SlotTerms SlotSetup::terms(std::int64_t now_us, domain::ZoneOfBranch zones) const {
    return {now_us, days, cell_minutes, options.aggregator.with_busy, std::move(zones)};
}

SlotLane::SlotLane(ClinicStore& store, SlotSetup setup, const Clock& clock, Sources sources)
    : store_(store),
      setup_(std::move(setup)),
      clock_(clock),
      sources_(std::move(sources)),
      reader_(store.reader()),
      slots_(reader_, setup_.clinic_zone, setup_.branch_zones),
      client_(net::HttpClient::Options{.connections_max = 1, .idle_connections_max = 1}) {
    sink::SlotSnapshots& snapshots = *this;
    sink_ =
        std::make_unique<sink::SlotsSink>(setup_.name, setup_.options, snapshots, client_, clock_);
}

void SlotLane::start() {
    if (!thread_) thread_ = std::make_unique<sink::SinkThread>(*sink_, clock_);
}

void SlotLane::restart_if_failed() {
    if (!thread_ || thread_->failure().empty()) return;
    log::warn(
        "sink {}: the local store failed: {}; starting again", setup_.name, thread_->failure()
    );
    thread_.reset();
    start();
}

tl::expected<sink::SlotSnapshot, sink::NoSnapshot> SlotLane::take() {
    const std::int64_t now_us = clock_.unix_us();
    std::optional<OneState> state;
    {
        // No pass begins or ends meanwhile: what is read is what a complete one left.
        const std::lock_guard lock(store_.mutex());
        for (const auto& source : sources_(setup_.sources()))
            if (auto doubt = doubt_of(source, now_us, setup_.age_max); !doubt.why.empty())
                return tl::unexpected(sink::NoSnapshot{std::move(doubt.why), doubt.is_brief});
        state.emplace(reader_);
    }
    const auto days = slots_.days(now_us, setup_.days);
    auto disclosed = disclosure::disclose_slots(
        days, setup_.table, setup_.terms(now_us, slots_.zone_of_branch())
    );
    state.reset();
    reader_.give_back_cache();
    return sink::SlotSnapshot{std::move(disclosed.leaving), disclosed.unmapped.size()};
}

void SlotLane::record(const std::string& subject, const std::string& digest) {
    disclosure::AuditEntry entry;
    entry.at_us = clock_.unix_us();
    entry.action = "slots";
    entry.who = setup_.name;
    entry.ground = "no patient's data: free times of doctors whom the clinic confirmed";
    entry.subject = subject;
    entry.ids = {digest.substr(0, 32)};
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    disclosure::Audit::append(transaction, entry);
    transaction.commit();
}

}  // namespace mis::gateway
