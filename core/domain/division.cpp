#include "domain/division.hpp"

#include "domain/body_fields.hpp"
#include "domain/orders.hpp"

namespace mis::domain {
namespace {

std::vector<std::string_view> names_in(std::string_view key) {
    std::vector<std::string_view> all;
    while (true) {
        const auto slash = key.find('/');
        all.push_back(key.substr(0, slash));
        if (slash == std::string_view::npos) return all;
        key.remove_prefix(slash + 1);
    }
}

// Where to look first: what an announcement is about before whom it happens to name.
std::vector<std::string_view> names_for(std::string_view kind) {
    if (kind == "plan" || kind == "item" || kind == "stage")
        return {"plan", "order", "patient", "limit"};
    if (kind == "limit" || kind == "mismatch") return {"limit", "patient", "order"};
    if (kind == "order" || kind == "waiting" || kind == "order_closed" || kind == "statement" ||
        kind == "request" || kind.starts_with("feedback."))
        return {"order", "limit", "patient", "feedback"};
    return {"patient", "order", "limit", "plan"};
}

}  // namespace

Division::Division(
    const Announced& whole, std::span<const PartMembers> parts, const Identity& identity
)
    : whole_(whole), parts_(parts.size()) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
        for (const RecordKey& patient : parts[part].patients)
            own(identity.pseudonym(patient.source, patient.source_id), part);
        for (const std::string& order : parts[part].orders) {
            own(order, part);
            own(plan_id_of_order(identity, order), part);
            own(limit_id_of_order(identity, order), part);
        }
        for (const RecordKey& record : parts[part].records) own(identity.public_id(record), part);
    }
    // Plans and accounts whose record or order is not known any more tell themselves whose they
    // are.
    for (const auto& [key, standing] : whole_.standing) {
        const auto slash = key.find('/');
        const std::string_view kind = std::string_view(key).substr(0, slash);
        if (kind == "plan" || kind == "limit") {
            const BodyFields told(standing.data);
            const std::string id = key.substr(slash + 1);
            if (owners_.contains(id)) continue;
            if (const Part part = part_of(told.find("plan").find("order").string()))
                own(id, *part);
            else if (const Part of_order = part_of(told.text("order")))
                own(id, *of_order);
            else if (const Part of_patient = part_of(told.text("patient")))
                own(id, *of_patient);
        } else if (kind == "charge") {
            patient_of_charge_.emplace(standing.event_id, standing.data.find("patient").string());
        }
    }
}

Division::Part Division::part_of(std::string_view id) const {
    if (id.empty()) return std::nullopt;
    const auto found = owners_.find(id);
    return found == owners_.end() ? std::nullopt : Part(found->second);
}

std::set<std::size_t> Division::parts_of(const InboxFact& message) {
    std::set<std::size_t> found;
    const BodyFields body(message.body);
    for (const std::string_view name : {"order", "limit", "plan", "patient"})
        if (const Part part = part_of(body.id(name))) found.insert(*part);
    if (const Part part = part_of(body.text("feedback"))) found.insert(*part);
    if (found.size() == 1) {  // what it is answered with is remembered under its id
        own(message.id, *found.begin());
        if (const std::string feedback = body.text("feedback"); !feedback.empty())
            own(feedback, *found.begin());
    }
    return found;
}

Division::Part Division::home_of_procedure(std::string_view id) const {
    const Standing* line = whole_.find("procedure/" + std::string(id));
    return line == nullptr ? std::nullopt : part_of(line->data.find("patient").string());
}

Division::Part Division::home_of(std::string_view key, const Standing& standing) const {
    const auto names = names_in(key);
    const BodyFields data(standing.data);
    if (names.front() == "violation" && names.size() > 1)
        if (const Part part = home_of_procedure(names[1])) return part;
    for (const std::string_view name : names_for(names.front()))
        if (const Part part = part_of(data.id(name))) return part;
    for (std::size_t i = 1; i < names.size(); ++i)
        if (const Part part = part_of(names[i])) return part;
    return home_of_procedure(data.id("procedure"));
}

std::set<std::size_t> Division::homes_of(const LedgerEntry& entry) const {
    std::set<std::size_t> homes;
    for (const std::string* id : {&entry.order, &entry.limit, &entry.patient})
        if (const Part part = part_of(*id)) homes.insert(*part);
    if (!homes.empty()) return homes;
    if (const auto charge = patient_of_charge_.find(entry.charge_id);
        charge != patient_of_charge_.end())
        if (const Part part = part_of(charge->second)) return {*part};
    // Neither an order nor an account: nobody will ask for it, and it must not be lost.
    if (entry.order.empty() && entry.limit.empty()) return {0};
    return {};
}

std::optional<std::vector<Announced>> Division::divide() const {
    std::vector<Announced> parts(parts_);
    std::map<std::string_view, std::size_t> part_of_row;
    for (const auto& [key, standing] : whole_.standing) {
        const Part home = home_of(key, standing);
        if (!home) return std::nullopt;
        for (const std::string_view kind : {"procedure/", "payment/", "appointment/"})
            if (key.starts_with(kind))
                part_of_row.emplace(std::string_view(key).substr(kind.size()), *home);
        auto& into = parts[*home].standing;
        into.emplace_hint(into.end(), key, standing);
    }
    for (const auto& [of, into] :
         {std::pair{&whole_.ledger, &Announced::ledger},
          std::pair{&whole_.receipts, &Announced::receipts}})
        for (const LedgerEntry& entry : *of) {
            const auto homes = homes_of(entry);
            if (homes.empty()) return std::nullopt;
            for (const std::size_t home : homes) (parts[home].*into).push_back(entry);
        }
    for (const auto& [key, seen_us] : whole_.first_seen_us) {
        Part home;
        const auto names = names_in(key);
        for (std::size_t i = 1; i < names.size() && !home; ++i) home = part_of(names[i]);
        if (!home) return std::nullopt;
        parts[*home].first_seen_us.emplace(key, seen_us);
    }
    // Whose it was before is not always known any more; then each part remembers it (D1).
    for (std::size_t part = 0; part < parts.size(); ++part) {
        for (const auto& [of, id] : whole_.account_of)
            if (part_of(id).value_or(part) == part) parts[part].account_of.emplace(of, id);
        for (const auto& [of, minor] : whole_.first_sums)
            if (part_of(of).value_or(part) == part) parts[part].first_sums.emplace(of, minor);
    }
    for (const auto& [id, row] : whole_.rows)
        if (const auto found = part_of_row.find(id); found != part_of_row.end())
            parts[found->second].rows.add(id, row);
    for (Announced& part : parts) part.rows.settle();
    return parts;
}

}  // namespace mis::domain
