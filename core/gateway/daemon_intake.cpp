// Sources that are sent their rows: their listeners, and who is read at once because something
// came.
#include "base/log.hpp"
#include "gateway/daemon.hpp"
#include "inbox/inbox.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kIntakeRetry{5};
// What comes in quick succession is read together.
constexpr std::chrono::seconds kGather{1};

// The exchange's orders that nobody was found for yet, as a system is told of them that asks.
Json waiting_orders(const ClinicStore& store) {
    constexpr int kPage = 1000;
    sqlite::Database reader = store.reader();
    const inbox::Inbox inbox(reader);
    Json orders = Json::array();
    for (std::string after;;) {
        const auto page = inbox.waiting_orders(after, kPage);
        for (const auto& waiting : page) {
            const auto placed = inbox.message(waiting.position);
            const Json body = Json::parse(placed.body.text());
            Json order{{"order", waiting.order}};
            order["placed_at"] = body.value("placed_at", "");
            if (order["placed_at"] == "")
                order["placed_at"] = Timestamp{placed.received_us, 0}.to_string();
            const Json patient = body.value("patient", Json::object());
            for (const char* field : {"phone", "last_name", "birth_date"})
                order[field] = patient.value(field, "");
            if (!inbox.is_cancelled(waiting.order)) orders.push_back(std::move(order));
        }
        if (std::ssize(page) < kPage) return orders;
        after = page.back().order;
    }
}

}  // namespace

void Daemon::ask(SourceThread& thread, const std::string& stream) {
    thread.worker->read_soon(stream);
    {
        const std::lock_guard lock(wake_mutex_);
        thread.is_asked = true;
    }
    wake_.notify_all();
}

void Daemon::wait_for_turn(SourceThread& thread, std::chrono::seconds pause) {
    std::unique_lock lock(wake_mutex_);
    wake_.wait_for(lock, pause, [&] { return stopping_.load() || thread.is_asked; });
    if (thread.is_asked) wake_.wait_for(lock, kGather, [&] { return stopping_.load(); });
    thread.is_asked = false;
}

source::IntakeHooks Daemon::hooks_of(SourceThread& thread) {
    source::IntakeHooks hooks;
    hooks.arrived = [this, &thread] { ask(thread, ""); };
    hooks.hint = [this](const std::string& source, const std::string& stream) {
        for (auto& other : sources_)
            if (other->plan.configured_name == source) ask(*other, stream);
    };
    hooks.orders = [this] { return waiting_orders(store_); };
    return hooks;
}

// Those that do not listen yet; one that cannot is tried again, and told by health.
void Daemon::open_intakes() {
    for (auto& source : sources_) {
        if (!source->plan.setup.intake || source->intake || stopping_) continue;
        const auto now = clock_.steady();
        if (!source->intake_error.empty() && now - source->intake_tried < kIntakeRetry) continue;
        source->intake_tried = now;
        const SourceSetup& setup = source->plan.setup;
        auto made = setup.intake(setup.connector, setup.options, clock_, hooks_of(*source));
        const std::lock_guard lock(intake_mutex_);
        if (made) {
            source->intake = std::move(*made);
            source->intake_error.clear();
        } else if (source->intake_error != made.error().text) {
            source->intake_error = made.error().text;
            log::error("source {} takes no messages: {}", setup.name, made.error().text);
        }
    }
}

// Closed without the lock: one that is being closed may wait for the store.
void Daemon::close_intakes() {
    for (auto& source : sources_) {
        std::unique_ptr<source::Intake> closing;
        {
            const std::lock_guard lock(intake_mutex_);
            closing.swap(source->intake);
        }
    }
}

}  // namespace mis::gateway
