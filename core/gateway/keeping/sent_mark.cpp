#include "gateway/keeping/sent_mark.hpp"

#include <algorithm>
#include <system_error>

#include "base/json.hpp"
#include "base/log.hpp"
#include "outbox/outbox.hpp"
#include "platform/access.hpp"
#include "platform/file.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

struct Mark {
    std::int64_t position = 0;
    std::string partition_key, sequence;
};

// nullopt: none there, or one of another store or an earlier epoch.
std::optional<Mark> read_mark(const std::filesystem::path& file, const outbox::StoreMeta& meta) {
    std::error_code untold;
    if (!std::filesystem::exists(file, untold)) return std::nullopt;
    const auto document = parse_json(platform::read_file(file));
    if (!document || !document->is_object()) {
        log::warn("{} is no mark of this program and is written anew", file.string());
        return std::nullopt;
    }
    if (document->value("instance", "") != meta.instance_id ||
        document->value("epoch", 0u) < meta.epoch)
        return std::nullopt;
    return Mark{
        document->value("position", std::int64_t{0}), document->value("key", ""),
        document->value("sequence", "")};
}

}  // namespace

std::filesystem::path SentMark::file_in(const std::filesystem::path& folder) {
    return folder / "store.mark";
}

std::filesystem::path SentMark::file_beside(const std::filesystem::path& folder) {
    const auto whole = std::filesystem::absolute(folder / "").parent_path();
    return whole.string() + ".mark";
}

SentMark::SentMark(ClinicStore& store)
    : store_(store), files_{file_in(store.folder()), file_beside(store.folder())} {
    if (!platform::why_not_writable(files_.back().parent_path()).empty()) files_.pop_back();
    written_position_ = INT64_MAX;
    for (const auto& file : files_) {
        const auto mark = read_mark(file, store_.meta());
        written_position_ = std::min(written_position_, mark ? mark->position : 0);
    }
}

Result<void> SentMark::check() const {
    for (const auto& file : {file_in(store_.folder()), file_beside(store_.folder())}) {
        const auto mark = read_mark(file, store_.meta());
        if (!mark) continue;
        const auto known =
            outbox::check_not_behind(store_.database(), mark->partition_key, mark->sequence);
        if (known) continue;
        return fail(
            ErrorKind::misconfigured,
            file.string() + " is ahead of this store: it had had " +
                std::to_string(mark->position) + " events, " +
                ClinicStore::store_file(store_.folder()).string() + " has " +
                std::to_string(outbox::last_position(store_.database())) +
                ": an older copy was put back, and would send other events under the same "
                "sequences. Put the newer one back; or take over what was sent since with "
                "`mis-gateway restore --events FILE...` (a file sink's log, or what the receiver "
                "kept); only when neither exists, `mis-gateway restore --new-epoch`"
        );
    }
    return {};
}

bool SentMark::is_left(const ClinicStore& store) {
    return read_mark(file_in(store.folder()), store.meta()) ||
           read_mark(file_beside(store.folder()), store.meta());
}

std::int64_t SentMark::events_ahead(ClinicStore& store) {
    std::int64_t ahead = 0;
    for (const auto& file : {file_in(store.folder()), file_beside(store.folder())}) {
        const auto mark = read_mark(file, store.meta());
        if (mark &&
            !outbox::check_not_behind(store.database(), mark->partition_key, mark->sequence))
            ahead = std::max(
                {ahead, mark->position - outbox::last_position(store.database()), std::int64_t{1}}
            );
    }
    return ahead;
}

void SentMark::forget(const std::filesystem::path& folder) {
    for (const auto& file : {file_in(folder), file_beside(folder)}) std::filesystem::remove(file);
}

void SentMark::keep_up(const Clock& clock) {
    if (clock.steady() - looked_ < kLookEvery) return;
    looked_ = clock.steady();
    keep_up();
}

void SentMark::keep_up() {
    const auto position = outbox::last_position(store_.database());
    const auto lows = this->lows();
    if (position != written_position_ || lows != written_lows_) write(position, lows);
}

SentMark::Lows SentMark::lows() const {
    Lows found;
    // What it was refused or what waits set apart is delivered again once it is restored.
    auto sinks = store_.database().prepare(
        "select sink, min(low, "
        "coalesce((select min(position) from outbox_parked p where p.sink = s.sink), low), "
        "coalesce((select min(position) from outbox_dead d where d.sink = s.sink and d.state <> "
        "'delivered'), low)) from outbox_sink s"
    );
    while (sinks.step()) found.emplace(sinks.string(0), sinks.integer(1));
    return found;
}

std::map<std::string, std::string> SentMark::sinks_at(const std::filesystem::path& folder) {
    std::map<std::string, std::string> found;
    for (const auto& file : {file_in(folder), file_beside(folder)}) {
        std::error_code untold;
        if (!std::filesystem::exists(file, untold)) continue;
        const auto document = parse_json(platform::read_file(file));
        if (!document || !document->is_object()) continue;
        const Json sinks = document->value("sinks", Json::object());
        for (const auto& [sink, event_id] : sinks.items())
            if (event_id.is_string()) found.insert_or_assign(sink, event_id.get<std::string>());
    }
    return found;
}

void SentMark::write(std::int64_t position, const Lows& lows) {
    const auto last = outbox::read_events(store_.database(), position - 1, 1);
    if (last.empty()) return;  // retention took it: the mark of before still holds
    Json sinks = Json::object();
    for (const auto& [sink, low] : lows)
        if (const auto before = outbox::read_events(store_.database(), low - 2, 1);
            !before.empty() && before.front().position == low - 1)
            sinks[sink] = before.front().id;
    const std::string text =
        canonical_json(
            {{"instance", store_.meta().instance_id},
             {"epoch", last.front().epoch},
             {"position", position},
             {"key", last.front().partition_key},
             {"sequence", outbox::sequence_text(last.front().epoch, last.front().sequence)},
             {"sinks", std::move(sinks)}}
        ) +
        "\n";
    try {
        for (const auto& file : files_) platform::write_file_atomically(file, text);
        written_position_ = position;
        written_lows_ = lows;
        failing_ = false;
    } catch (const std::system_error& error) {
        if (!failing_)
            log::warn(
                "{}: an older store put back would not be noticed until this works", error.what()
            );
        failing_ = true;
    }
}

}  // namespace mis::gateway
