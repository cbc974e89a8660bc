// The feed in the daemon: its readers' places in the outbox, what is kept for them, its listener.
#include "base/log.hpp"
#include "gateway/daemon.hpp"
#include "outbox/outbox.hpp"

namespace mis::gateway {

void Daemon::register_readers(sqlite::Transaction& transaction) {
    if (!setup_.feed) return;
    for (const auto& reader : setup_.feed->options.readers)
        outbox::register_reader(transaction, reader.name);
}

void Daemon::open_feed() {
    if (!setup_.feed) return;
    sink::feed::FeedOptions options = setup_.feed->options;
    options.clinic_id = store_.meta().clinic_id;
    options.instance_id = store_.meta().instance_id;
    sink::feed::FeedHooks hooks;
    hooks.reader = [this] {
        auto reader = store_.reader();
        reader.execute("pragma cache_size = -256");  // as a sink's: read once, in order
        return reader;
    };
    hooks.write = [this](const std::function<void(sqlite::Transaction&)>& change) {
        const std::lock_guard lock(store_.mutex());
        sqlite::Transaction transaction(store_.database());
        change(transaction);
        transaction.commit();
    };
    const std::string scheme = options.server.certificate_file.empty() ? "http" : "https";
    const std::string address = options.server.address;
    auto feed = std::make_unique<sink::feed::Feed>(std::move(options), std::move(hooks), clock_);
    log::info("the feed is read on {}://{}:{}/v1/events", scheme, address, feed->port());
    const std::lock_guard lock(feed_mutex_);
    feed_ = std::move(feed);
}

// Ended without the lock: it may wait for the store.
void Daemon::close_feed() {
    std::unique_ptr<sink::feed::Feed> closing;
    const std::lock_guard lock(feed_mutex_);
    closing.swap(feed_);
}

void Daemon::wake_takers() {
    for (auto& lane : lanes_) lane->wake();
    const std::lock_guard lock(feed_mutex_);
    if (feed_) feed_->wake();
}

// What is beyond a reader's limits holds the outbox no longer. Told once, and by health as long as
// the reader has not gone on.
std::int64_t Daemon::let_readers_go(sqlite::Transaction& transaction, std::int64_t now_us) {
    std::int64_t all = 0;
    if (!setup_.feed) return all;
    for (const auto& [reader, limits] : setup_.feed->limits) {
        const auto events = outbox::let_go(transaction, reader, now_us, limits);
        all += events;
        if (events > 0)
            log::warn(
                "the feed's reader {} has not taken {} events within its limits: they are no "
                "longer kept for it",
                reader, events
            );
    }
    return all;
}

// Under the store's mutex.
void Daemon::add_reader_figures(Figures& figures) {
    const std::lock_guard lock(feed_mutex_);
    if (!feed_) return;
    figures.feed_strangers = feed_->strangers();
    for (const auto& status : feed_->status()) {
        const auto place = outbox::reader_figures(store_.database(), status.name);
        ReaderMeasures& reader = figures.readers.emplace_back();
        reader.reader = status.name;
        reader.answers = status.answers;
        reader.streams = status.streams;
        reader.is_ahead = status.is_ahead;
        reader.pending = place.pending;
        reader.oldest_us = place.oldest_us;
        reader.handed_out = place.handed_out;
        if (place.let_go_to != 0) reader.let_go = place.let_go_to - place.let_go_from + 1;
    }
}

}  // namespace mis::gateway
