#include "live.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>

#include "clinic.hpp"

namespace mis::simulator {

Clinic::Clinic(Writer& writer, std::uint64_t seed, Oracle& oracle)
    : writer_(writer), random_(seed), oracle_(oracle) {
    Known known = writer_.load(kLimits);
    patients_ = std::move(known.patients);
    visits_ = std::move(known.visits);
    bills_ = std::move(known.bills);
}

// The stamps of what was written are older than its commit by this much, as slow clients make them.
void Clinic::wait_before_commit() {
    for (int waited_ms = 0; waited_ms < 1500 && !*stop_; waited_ms += 50)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

std::string Clinic::commit(
    std::string_view action, const std::vector<std::string_view>& expect, const std::string& what
) {
    if (action != "book" && writer_.has(Extra::late) && pick(25) == 0) wait_before_commit();
    writer_.commit();
    std::vector<std::string_view> told;
    for (const auto type : expect)
        if (!type.empty() && writer_.tells(type)) told.push_back(type);
    oracle_.committed(action, writer_.touched(), told);
    return fmt::format("{:<10} {}", action, what);
}

std::string Clinic::act(const std::atomic<bool>& stop) {
    struct Choice {
        std::size_t weight;
        std::string (Clinic::*run)();
        std::optional<Extra> extra = {};  // what the MIS must have
    };
    static constexpr std::size_t kBookWeight = 20;
    static const std::vector<Choice> choices = {
        {3, &Clinic::register_patient},
        {8, &Clinic::move},
        {12, &Clinic::arrive},
        {8, &Clinic::start},
        {14, &Clinic::treat},
        {6, &Clinic::correct},
        {2, &Clinic::remove_line},
        {4, &Clinic::cancel},
        {11, &Clinic::pay},
        {2, &Clinic::deposit},
        {1, &Clinic::spend_advance},
        {1, &Clinic::refund},
        {1, &Clinic::write_off},
        {2, &Clinic::reserve},
        {1, &Clinic::raise_limit},
        {3, &Clinic::plan, Extra::plan},
        {3, &Clinic::merge, Extra::merge},
        {3, &Clinic::settle, Extra::settle},
        {3, &Clinic::reimport, Extra::reimport},
        {2, &Clinic::take_back_arrival, Extra::take_back}};
    stop_ = &stop;
    const auto possible = [&](const Choice& choice) {
        return !choice.extra || writer_.has(*choice.extra);
    };
    std::size_t all = kBookWeight;
    for (const auto& choice : choices)
        if (possible(choice)) all += choice.weight;
    std::size_t drawn = pick(all);
    for (const auto& choice : choices) {
        if (!possible(choice)) continue;
        if (drawn < choice.weight) {
            std::string line = (this->*choice.run)();
            if (!line.empty()) return line;
            break;  // nothing there to do it with: book instead
        }
        drawn -= choice.weight;
    }
    return book();
}

}  // namespace mis::simulator
