#include "gateway/pipeline/concerned.hpp"

#include <algorithm>

namespace mis::gateway {

std::vector<std::string> Concerned::of(std::string_view partition_key, JsonView data) const {
    constexpr std::string_view kPatient = "patient/", kLimit = "limit/", kPayer = "payer/";
    if (partition_key.starts_with(kPatient))
        return {std::string(partition_key.substr(kPatient.size()))};
    if (std::string patient = data.find("patient").string(); !patient.empty())
        return {std::move(patient)};
    if (partition_key.starts_with(kLimit)) {
        const auto account = shared_.find(partition_key.substr(kLimit.size()));
        return account == shared_.end() ? everybody_ : account->second;
    }
    std::vector<std::string> patients;
    if (!partition_key.starts_with(kPayer)) return patients;
    for (const JsonView line : data.find("charges").elements())
        if (const auto charge = patient_of_charge.find(line.find("charge_id").string());
            charge != patient_of_charge.end())
            patients.push_back(charge->second);
    std::sort(patients.begin(), patients.end());
    patients.erase(std::unique(patients.begin(), patients.end()), patients.end());
    return patients;
}

}  // namespace mis::gateway
