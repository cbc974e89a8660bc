#include "sink/file_sink.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace mis::sink {
namespace {

constexpr std::size_t kRememberedIds = 16'384;
constexpr std::streamoff kTailBytes = 8'000'000;
constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".jsonl";

std::uint64_t number_of(const std::filesystem::path& path) {  // 0: not one of ours
    const std::string name = path.filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
    const auto digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    if (digits.empty() || digits.size() > 18 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
        return 0;
    return std::stoull(digits);
}

std::string tail_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error("reading " + path.string() + ": " + std::strerror(errno));
    const std::streamoff size = file.tellg();
    const std::streamoff begin = std::max<std::streamoff>(0, size - kTailBytes);
    std::string tail(static_cast<std::size_t>(size - begin), '\0');
    file.seekg(begin);
    file.read(tail.data(), size - begin);
    if (!file) throw std::runtime_error("reading " + path.string() + ": cut short");
    return tail;
}

std::string id_of(std::string_view line) {
    const auto event = parse_json(line);
    if (!event || !event->is_object()) return {};
    const auto id = event->find("id");
    return id != event->end() && id->is_string() ? id->get<std::string>() : std::string();
}

}  // namespace

FileSink::FileSink(std::string name, FileOptions options, DeliveryQueue& queue, const Clock& clock)
    : Sink(std::move(name)),
      options_(std::move(options)),
      queue_(queue),
      clock_(clock),
      backoff_(options_.backoff_first, options_.backoff_longest) {
    platform::make_private_directory(options_.folder);
    lock_ = platform::InstanceLock::try_take_folder(options_.folder);
    if (!lock_)
        throw std::runtime_error(
            "opening " + options_.folder.string() +
            ": another sink writes there: give each a folder of its own"
        );
    open_newest();
}

std::filesystem::path FileSink::path_of(std::uint64_t number) const {
    std::string digits = std::to_string(number);
    if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
    return options_.folder / (std::string(kPrefix) + digits + std::string(kSuffix));
}

void FileSink::open_newest() {
    std::uint64_t newest = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder))
        newest = std::max(newest, number_of(entry.path()));
    if (newest > 1 && std::filesystem::exists(path_of(newest - 1)))
        remember_ids_in(tail_of(path_of(newest - 1)));
    open_number(std::max<std::uint64_t>(newest, 1));
    const std::string tail = tail_of(path_of(number_));
    const auto last_end = tail.rfind('\n');
    const std::size_t whole = last_end == std::string::npos ? 0 : last_end + 1;
    if (whole < tail.size() && !file_.cut(file_.bytes() - (tail.size() - whole)))
        throw std::runtime_error(
            "cutting the torn last line of " + path_of(number_).string() + ": " +
            std::strerror(errno)
        );
    remember_ids_in(std::string_view(tail).substr(0, whole));
}

void FileSink::open_number(std::uint64_t number) {
    const auto path = path_of(number);
    if (!file_.open(path))
        throw std::runtime_error("opening " + path.string() + ": " + std::strerror(errno));
    number_ = number;
    remove_older();
}

// All of them, also those that an earlier, larger files_max left.
void FileSink::remove_older() {
    if (options_.files_max == 0 || number_ <= options_.files_max) return;
    std::error_code ignored;
    std::vector<std::filesystem::path> older;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder, ignored))
        if (const auto number = number_of(entry.path());
            number > 0 && number <= number_ - options_.files_max)
            older.push_back(entry.path());
    for (const auto& path : older) std::filesystem::remove(path, ignored);
}

void FileSink::remember(std::string_view id) {
    const std::uint64_t short_id = std::hash<std::string_view>()(id);
    if (!written_.insert(short_id).second) return;
    written_order_.push_back(short_id);
    if (written_order_.size() <= kRememberedIds) return;
    written_.erase(written_order_.front());
    written_order_.pop_front();
}

void FileSink::remember_ids_in(std::string_view lines) {
    for (const auto line : split(lines, '\n'))
        if (const auto id = id_of(line); !id.empty()) remember(id);
}

void FileSink::wait(std::chrono::nanoseconds at_most) {
    std::unique_lock lock(wake_mutex_);
    woken_up_.wait_for(lock, at_most, [this] { return woken_; });
    woken_ = false;
}

void FileSink::wake() {
    {
        const std::lock_guard lock(wake_mutex_);
        woken_ = true;
    }
    woken_up_.notify_one();
}

std::optional<std::chrono::nanoseconds> FileSink::turn() {
    if (clock_.steady() < not_before_) return not_before_;
    const auto events = queue_.claim(options_.batch_events_max, PerKey::run, 1'000'000);
    if (events.empty()) return queue_.next_retry();
    std::string lines;
    for (const auto& event : events) {
        if (written_.contains(std::hash<std::string_view>()(event.id)))
            continue;  // written before a crash, not recorded then
        lines += event.body;
        lines += '\n';
    }
    if (!append(lines)) {
        const std::string cause = std::strerror(errno);
        for (const auto& event : events) queue_.settle(event.token, Outcome::returned, {}, 0);
        not_before_ = clock_.steady() + backoff_.delay(++failures_);
        set_health(Health::failing, "writing " + path_of(number_).string() + ": " + cause);
        const std::lock_guard lock(status_mutex_);
        ++status_.attempts_failed;
        return not_before_;
    }
    failures_ = 0;
    const auto now_us = clock_.unix_us();
    for (const auto& event : events) {
        remember(event.id);
        queue_.settle(event.token, Outcome::delivered, {}, 0);
        count_latency(event.appended_us, now_us);
    }
    set_health(Health::working, {});
    const std::lock_guard lock(status_mutex_);
    ++status_.attempts_delivered;
    status_.events_delivered += events.size();
    return clock_.steady();  // there may be more
}

// On failure errno says why, and the file is as before.
bool FileSink::append(std::string_view lines) {
    if (lines.empty()) return true;
    if (file_.bytes() > 0 && file_.bytes() + lines.size() > options_.file_bytes_max) {
        try {
            open_number(number_ + 1);
        } catch (const std::runtime_error&) {
            return false;  // the old file stays in use; errno is open()'s
        }
    }
    return file_.append(lines);
}

}  // namespace mis::sink
