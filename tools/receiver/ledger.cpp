#include "ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>

#include "base/json_fields.hpp"

namespace mis::receiver {
Ledger::Ledger(const std::filesystem::path& path, Sync sync) : sync_(sync) {
    if (path.empty()) return;
    std::uint64_t whole = 0;
    if (std::ifstream before(path); before) {
        std::string line;
        while (std::getline(before, line) && !before.eof()
        ) {  // a torn last line has no end and is cut off below
            whole += line.size() + 1;
            if (const auto event = parse_json(line)) note(*event);
        }
    }
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(whole)) != 0)
        throw std::runtime_error("opening " + path.string() + ": " + std::strerror(errno));
}

Ledger::~Ledger() {
    if (file_ >= 0) ::close(file_);
}

bool Ledger::note(const Json& event) {
    ++tally.received;
    if (received_[text_in(event, "id")]++ > 0) {
        ++tally.duplicates;
        return false;
    }
    ++tally.distinct;
    ++by_type[text_in(event, "type")];
    fold(event);
    const std::string sequence = text_in(event, "sequence");
    if (sequence.size() != 20 || sequence.find_first_not_of("0123456789") != std::string::npos)
        return true;
    Key& key = keys_[text_in(event, "partitionkey")];
    const std::uint64_t number = std::stoull(sequence.substr(6));
    if (key.epoch != sequence.substr(0, 6)) key = Key{sequence.substr(0, 6), 0, 0};
    if (number <= key.last) ++tally.out_of_order;
    key.last = std::max(key.last, number);
    ++key.seen;
    return true;
}

void Ledger::fold(const Json& event) {
    const std::string type = text_in(event, "type");
    const Json data = event.value("data", Json::object());
    const auto id_in = [&](const char* name) {
        const auto found = data.find(name);
        return found == data.end()  ? std::string()
               : found->is_object() ? text_in(*found, "id")
                                    : text_in(data, name);
    };
    if (type.starts_with("mis.appointment.")) {
        if (type == "mis.appointment.removed.v1")
            appointments_.erase(id_in("appointment"));
        else
            appointments_.insert(id_in("appointment"));
    } else if (type == "mis.procedure.performed.v1") {
        procedures_.insert(id_in("procedure"));
    } else if (type == "mis.procedure.reversed.v1") {
        procedures_.erase(id_in("procedure"));
    } else if (type == "mis.billing.payment.v1" || type == "mis.billing.refund.v1") {
        payments_.insert(text_in(event, "id"));
    } else if (type == "mis.billing.payment_reversal.v1") {
        payments_.erase(text_in(data, "payment_event"));
    }
}

std::map<std::string, std::uint64_t> Ledger::standing() const {
    return {
        {"appointments", appointments_.size()},
        {"procedures", procedures_.size()},
        {"payments", payments_.size()},
    };
}

bool Ledger::keep(const Json& event) {
    const bool fresh = note(event);
    if (file_ >= 0) unwritten_ += event.dump() + '\n';
    return fresh;
}

void Ledger::flush() {
    std::size_t done = 0;
    while (done < unwritten_.size()) {
        const auto count = ::write(file_, unwritten_.data() + done, unwritten_.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            throw std::runtime_error(
                std::string("writing received events: ") + std::strerror(errno)
            );
        done += static_cast<std::size_t>(count);
    }
    if (file_ >= 0 && sync_ == Sync::every_request && done > 0) ::fdatasync(file_);
    unwritten_.clear();
}

Counts Ledger::counts() const {
    Counts counts = tally;
    for (const auto& [name, key] : keys_)
        if (key.last > key.seen) counts.gaps += key.last - key.seen;
    return counts;
}

}  // namespace mis::receiver
