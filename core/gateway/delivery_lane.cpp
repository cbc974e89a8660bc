#include "gateway/delivery_lane.hpp"

#include "base/log.hpp"
#include "outbox/store_meta.hpp"

namespace mis::gateway {
namespace {

std::string marks_key(const std::string& sink) { return "stream_marks/" + sink; }

}  // namespace

DeliveryLane::DeliveryLane(ClinicStore& store, SinkSetup setup, const Clock& clock)
    : setup_(std::move(setup)),
      clock_(clock),
      reader_(store.reader()),
      delivery_(reader_, setup_.delivery, clock),
      queue_(delivery_, store.identity().clinic_id()) {
    reader_.execute("pragma cache_size = -256");  // kB: segments are read one after the other, once
    MIS_ASSERT(setup_.webhook.has_value() + setup_.file.has_value() + setup_.nats.has_value() == 1);
    if (setup_.webhook) {
        const int parallel = setup_.webhook->parallel;
        client_ = std::make_unique<net::HttpClient>(net::HttpClient::Options{
            .connections_max = parallel, .idle_connections_max = parallel});
        sink_ = std::make_unique<sink::WebhookSink>(
            setup_.name, *setup_.webhook, queue_, *client_, clock_
        );
    } else if (setup_.nats) {
        sink::NatsSinkOptions options = *setup_.nats;
        options.marks = outbox::meta_value(reader_, marks_key(setup_.name));
        auto made =
            std::make_unique<sink::NatsSink>(setup_.name, std::move(options), queue_, clock_);
        nats_ = made.get();
        sink_ = std::move(made);
    } else {
        sink_ = std::make_unique<sink::FileSink>(setup_.name, *setup_.file, queue_, clock_);
    }
}

void DeliveryLane::record(sqlite::Transaction& transaction) {
    delivery_.record(transaction);
    if (nats_ == nullptr) return;
    if (std::string marks = nats_->marks_text(); marks != marks_written_) {
        outbox::set_meta_value(transaction, marks_key(setup_.name), marks);
        marks_written_ = std::move(marks);
    }
}

void DeliveryLane::start() { thread_ = std::make_unique<sink::SinkThread>(*sink_, clock_); }

void DeliveryLane::resume_if_stopped() {
    if (delivery_.sink_state() != outbox::SinkState::stopped) return;
    log::info(
        "sink {}: had stopped for good ({}); started again, so tried again", setup_.name,
        delivery_.figures().stopped_reason
    );
    delivery_.resume();
}

void DeliveryLane::restart_if_failed() {
    if (!thread_ || thread_->failure().empty()) return;
    log::warn(
        "sink {}: the local store failed: {}; starting again", setup_.name, thread_->failure()
    );
    thread_.reset();
    start();
}

}  // namespace mis::gateway
