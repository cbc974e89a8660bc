#include "sink/slots/slot_bodies.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>

namespace mis::sink {
namespace {

using disclosure::FreeSlots;

constexpr std::int64_t kUsPerMinute = 60 * kUsPerSecond;

std::string clock_of(const Timestamp& time) {
    const std::int64_t minutes = time.unix_us / kUsPerMinute + time.offset_min;
    return fmt::format("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
}

class BodyWriter {
  public:
    BodyWriter(const std::vector<FreeSlots::Doctor>& doctors, const SlotValues& values)
        : doctors_(doctors), values_(values) {}

    // The body at the snapshot's level, or at that of one doctor.
    std::string write(const Json& body, const FreeSlots::Doctor* doctor, std::size_t number) {
        out_.clear();
        doctor_ = doctor;
        branch_ = doctor;
        number_ = number;
        write_value(body);
        return std::move(out_);
    }

  private:
    // False: it is a placeholder without a value, and nothing was written.
    bool write_value(const Json& value) {
        if (value.is_string()) return write_text(value.get_ref<const std::string&>());
        if (value.is_array()) {
            write_list(']', [&](const auto& entry) {
                for (const Json& one : value) entry([&] { return write_value(one); });
            });
            return true;
        }
        if (!value.is_object()) {
            out_ += value.dump();
            return true;
        }
        if (value.contains("each")) {
            const Json& as = value["as"];
            write_list(']', [&](const auto& entry) {
                repeat(*level_of_each(value["each"].get_ref<const std::string&>()), [&] {
                    entry([&] { return write_value(as); });
                });
            });
            return true;
        }
        write_list('}', [&](const auto& entry) {
            for (const auto& [key, one] : value.items()) {
                const auto pieces = template_pieces(key);
                const auto write_member = [&](std::string_view name) {
                    entry([&] {
                        append_json_string(out_, name);
                        out_ += ':';
                        return write_value(one);
                    });
                };
                if (pieces.size() == 1)
                    write_member(key);
                else
                    repeat(*level_of_each(pieces[1]), [&] { write_member(value_of(pieces[1])); });
            }
        });
        return true;
    }

    template <typename Fill>
    void write_list(char close, Fill fill) {
        out_ += close == ']' ? '[' : '{';
        bool first = true;
        const auto entry = [&](const std::function<bool()>& write) {
            const std::size_t start = out_.size();
            if (!first) out_ += ',';
            if (write())
                first = false;
            else
                out_.resize(start);
        };
        fill(entry);
        out_ += close;
    }

    void repeat(SlotLevel level, const std::function<void()>& each) {
        switch (level) {
            case SlotLevel::snapshot:
                return;
            case SlotLevel::branch: {
                std::string_view last;
                for (const auto& doctor : doctors_) {  // a branch's stand side by side
                    if (branch_ != nullptr && doctor.branch == last) continue;
                    branch_ = &doctor;
                    last = doctor.branch;
                    each();
                }
                branch_ = nullptr;
                return;
            }
            case SlotLevel::doctor: {
                const std::string& branch = branch_->branch;
                for (const auto& doctor : doctors_) {
                    if (doctor.branch != branch) continue;
                    doctor_ = &doctor;
                    each();
                }
                doctor_ = nullptr;
                return;
            }
            case SlotLevel::day:
                for (const auto& day : doctor_->days) {
                    day_ = &day;
                    each();
                }
                day_ = nullptr;
                return;
            case SlotLevel::interval: {
                const auto cells_of = [&](const FreeSlots::Day& day) {
                    for (const auto& cell : day.cells) {
                        cell_ = &cell;
                        each();
                    }
                    cell_ = nullptr;
                };
                if (day_ != nullptr) return cells_of(*day_);
                for (const auto& day : doctor_->days) {
                    day_ = &day;
                    cells_of(day);
                }
                day_ = nullptr;
                return;
            }
        }
    }

    std::string value_of(const std::string& name) const {
        constexpr std::string_view kOfSite = "value:";
        if (name.starts_with(kOfSite)) {
            const auto found = values_.find(name.substr(kOfSite.size()));
            return found == values_.end() ? std::string() : found->second;
        }
        if (name == "number") return std::to_string(number_);
        if (name == "first_day") return doctors_.front().days.front().day.to_string();
        if (name == "last_day") return doctors_.front().days.back().day.to_string();
        if (name == "branch") return branch_->branch;
        if (name == "branch_name") return branch_->branch_name;
        if (name == "doctor") return doctor_->id;
        if (name == "doctor_name") return doctor_->name;
        if (name == "specialty") return doctor_->specialty;
        if (name.starts_with("cell_minutes")) return std::to_string(doctor_->cell_minutes);
        if (name == "day") return day_->day.to_string();
        if (name == "from") return clock_of(cell_->starts_at);
        if (name == "to") return clock_of(cell_->ends_at);
        return cell_->free ? "true" : "false";
    }

    bool write_text(const std::string& text) {
        const auto pieces = template_pieces(text);
        const bool alone = pieces.size() == 3 && pieces[0].empty() && pieces[2].empty();
        std::string written;
        for (std::size_t i = 0; i < pieces.size(); ++i)
            written += i % 2 == 0 ? pieces[i] : value_of(pieces[i]);
        if (alone && written.empty()) return false;
        const bool is_bare =
            alone && (pieces[1] == "free" || pieces[1] == "number" || pieces[1] == "cell_minutes");
        if (is_bare)
            out_ += written;
        else
            append_json_string(out_, written);
        return true;
    }

    const std::vector<FreeSlots::Doctor>& doctors_;
    const SlotValues& values_;
    std::string out_;
    const FreeSlots::Doctor* branch_ = nullptr;  // any of the branch's
    const FreeSlots::Doctor* doctor_ = nullptr;
    const FreeSlots::Day* day_ = nullptr;
    const FreeSlots::Cell* cell_ = nullptr;
    std::size_t number_ = 1;
};

}  // namespace

std::vector<SlotRequest> slot_requests(
    const Aggregator& aggregator, const FreeSlots& slots, const SlotValues& values
) {
    std::vector<SlotRequest> requests;
    const auto& doctors = slots.doctors();
    if (doctors.empty()) return requests;
    BodyWriter writer(doctors, values);
    if (aggregator.requests == Aggregator::Requests::one) {
        requests.push_back({writer.write(aggregator.body, nullptr, 1), {}});
        return requests;
    }
    for (const auto& doctor : doctors)
        requests.push_back(
            {writer.write(aggregator.body, &doctor, requests.size() + 1),
             fmt::format("doctor {} of branch {}", doctor.id, doctor.branch)}
        );
    return requests;
}

std::string slot_header(
    const std::string& text, const std::string& token, const SlotValues& values
) {
    const auto pieces = template_pieces(text);
    std::string written;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i % 2 == 0)
            written += pieces[i];
        else if (pieces[i] == "token")
            written += token;
        else if (const auto found = values.find(pieces[i].substr(pieces[i].find(':') + 1));
                 found != values.end())
            written += found->second;
    }
    return written;
}

}  // namespace mis::sink
