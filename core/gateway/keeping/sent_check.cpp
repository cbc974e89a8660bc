#include "gateway/keeping/sent_check.hpp"

#include <fstream>
#include <set>

#include "base/json.hpp"
#include "outbox/outbox.hpp"

namespace mis::gateway {
namespace {

constexpr std::streamoff kTailBytes = 1'000'000;
constexpr std::size_t kFilesLooked = 2;  // the newest may just have begun

}  // namespace

Result<void> check_not_behind_files(ClinicStore& store, const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder)) return {};
    std::set<std::filesystem::path> files;  // their names sort by age
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".jsonl") files.insert(entry.path());
    while (files.size() > kFilesLooked) files.erase(files.begin());
    const auto text_of = [](const Json& event, const char* name) {
        const auto found = event.find(name);
        return found != event.end() && found->is_string() ? found->get<std::string>()
                                                          : std::string();
    };
    for (const auto& file : files) {
        std::ifstream lines(file, std::ios::ate);
        const std::streamoff size = lines.tellg();
        lines.seekg(std::max<std::streamoff>(0, size - kTailBytes));
        std::string line;
        if (size > kTailBytes) std::getline(lines, line);  // a part of one
        while (std::getline(lines, line)) {
            const auto event = parse_json(line);
            if (!event || !event->is_object() ||
                text_of(*event, "clinicid") != store.identity().clinic_id())
                continue;
            const std::string key = text_of(*event, "partitionkey"),
                              sequence = text_of(*event, "sequence");
            if (sequence.size() != 20 ||
                std::strtoul(sequence.substr(0, 6).c_str(), nullptr, 10) < store.meta().epoch)
                continue;
            if (const auto behind = outbox::check_not_behind(store.database(), key, sequence);
                !behind)
                return fail(behind.error().within(file.string()));
        }
    }
    return {};
}

}  // namespace mis::gateway
