#include "gateway/keeping/backup.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "disclosure/audit.hpp"
#include "domain/announced.hpp"
#include "domain_store/group_store.hpp"
#include "inbox/inbox.hpp"
#include "outbox/outbox.hpp"
#include "platform/file.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway {
namespace {

constexpr std::string_view kFormat = "mis-gateway backup 1";

// One already sent event, in what restoring needs.
struct Sent {
    std::string id, type, partition_key, subject, sequence;
    Json data;
};

// Names were added after the event was made, and are no part of what it says.
void forget_names(Json& data) {
    if (data.is_object()) data.erase("practitioner_name");
    if (data.is_structured())
        for (auto& child : data) forget_names(child);
}

Result<Sent> parse_sent(
    const std::string& line, const std::filesystem::path& file, std::int64_t number,
    const std::string& clinic_id
) {
    const std::string where = file.string() + ":" + std::to_string(number) + ": ";
    auto document = parse_json(line);
    if (!document) return fail(document.error().within(where + "not an event"));
    const auto text = [&](const char* name) {
        const auto found = document->find(name);
        return found != document->end() && found->is_string() ? found->get<std::string>()
                                                              : std::string();
    };
    if (text("clinicid") != clinic_id)
        return fail(
            ErrorKind::misconfigured,
            where + "an event of clinic '" + text("clinicid") + "', not of " + clinic_id
        );
    Sent sent{text("id"),      text("type"),     text("partitionkey"),
              text("subject"), text("sequence"), document->value("data", Json::object())};
    if (sent.id.size() != 32 || sent.sequence.size() != 20 || !sent.type.starts_with("mis.") ||
        !sent.type.ends_with(".v1"))
        return fail(ErrorKind::malformed, where + "not an event of this gateway");
    sent.type = sent.type.substr(4, sent.type.size() - 7);
    forget_names(sent.data);
    return sent;
}

std::string after_slash(const std::string& name) {
    const auto slash = name.find('/');
    return slash == std::string::npos || name.starts_with("slot/") || name.starts_with("source/")
               ? ""
               : name.substr(slash + 1);
}

// Ids that hang together because events name them together: each set becomes one group.
class Clusters {
  public:
    int of(const std::vector<std::string>& ids) {
        std::set<int> found;
        for (const auto& id : ids)
            if (const auto at = cluster_of_.find(id); at != cluster_of_.end())
                found.insert(root(at->second));
        const int cluster = found.empty() ? static_cast<int>(parents_.size()) : *found.begin();
        if (found.empty()) parents_.push_back(cluster);
        for (const int other : found) parents_[static_cast<std::size_t>(other)] = cluster;
        for (const auto& id : ids) cluster_of_[id] = cluster;
        return cluster;
    }
    int root(int cluster) const {
        while (parents_[static_cast<std::size_t>(cluster)] != cluster)
            cluster = parents_[static_cast<std::size_t>(cluster)];
        return cluster;
    }
    const std::map<std::string, int>& ids() const { return cluster_of_; }

  private:
    std::map<std::string, int> cluster_of_;
    std::vector<int> parents_;
};

std::vector<std::string> ids_of(const Sent& sent) {
    std::vector<std::string> ids;
    const auto add = [&](const std::string& id) {
        if (!id.empty()) ids.push_back(id);
    };
    add(after_slash(sent.partition_key));
    add(after_slash(sent.subject));
    for (const char* name : {"patient", "limit", "plan", "order"}) {
        const auto found = sent.data.find(name);
        if (found == sent.data.end()) continue;
        add(found->is_string()   ? found->get<std::string>()
            : found->is_object() ? found->value("id", "")
                                 : "");
    }
    return ids;
}

}  // namespace

BackupReport write_backup(
    ClinicStore& store, const std::filesystem::path& file, std::string_view passphrase,
    std::int64_t now_us
) {
    const auto copy = file.string() + ".store";
    std::filesystem::remove(copy);
    sqlite::copy_store(store.database(), copy);
    BackupReport report;
    std::string bytes = platform::read_file(copy);
    std::filesystem::remove(copy);
    report.store_bytes = bytes.size();
    report.audit_head = disclosure::Audit::verify(store.database()).head;
    const Json header{
        {"clinic", store.identity().clinic_id()},
        {"made_at", Timestamp{now_us, 0}.to_string()},
        {"audit_head", report.audit_head},
        {"store_bytes", bytes.size()}};
    const std::string key(trim(platform::read_file(ClinicStore::key_file(store.folder()))));
    const std::string sealed = seal_with_passphrase(
        passphrase, std::string(kFormat) + "\n" + canonical_json(header) + "\n" + key + "\n" + bytes
    );
    report.file_bytes = sealed.size();
    platform::write_file_atomically(file, sealed);
    return report;
}

Result<void> open_backup(
    const std::filesystem::path& file, std::string_view passphrase,
    const std::filesystem::path& folder, const std::string& clinic_id
) {
    for (const auto& taken : {ClinicStore::store_file(folder), ClinicStore::key_file(folder)})
        if (std::filesystem::exists(taken))
            return fail(
                ErrorKind::misconfigured,
                taken.string() + " exists: move it away first; restore never overwrites a store"
            );
    auto opened = open_with_passphrase(passphrase, platform::read_file(file));
    if (!opened) return fail(opened.error().within(file.string()));
    std::string_view rest = *opened;
    const auto line = [&] {
        const auto end = rest.find('\n');
        const auto text = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        return text;
    };
    if (line() != kFormat)
        return fail(ErrorKind::malformed, file.string() + " is no backup that this version reads");
    const auto header = parse_json(line());
    if (!header) return fail(header.error().within(file.string()));
    if (header->value("clinic", "") != clinic_id)
        return fail(
            ErrorKind::misconfigured, file.string() + " is the backup of clinic '" +
                                          header->value("clinic", "") +
                                          "', the configuration names " + clinic_id
        );
    const std::string key(line());
    if (rest.size() != header->value("store_bytes", std::size_t{0}))
        return fail(ErrorKind::malformed, file.string() + " is cut short");
    platform::make_private_directory(folder);
    platform::write_file_atomically(ClinicStore::store_file(folder), rest);
    platform::write_file_atomically(ClinicStore::key_file(folder), key + "\n");
    return {};
}

Result<ReplayReport> take_sent_events(
    ClinicStore& store, const std::vector<std::filesystem::path>& files
) {
    std::vector<Sent> all;
    ReplayReport report;
    for (const auto& file : files) {
        std::ifstream lines(file);
        if (!lines)
            return fail(ErrorKind::misconfigured, "reading " + file.string() + " is not possible");
        std::string line;
        for (std::int64_t number = 1; std::getline(lines, line); ++number) {
            if (line.empty()) continue;
            auto sent = parse_sent(line, file, number, store.identity().clinic_id());
            if (!sent) {
                if (lines.peek() == std::ifstream::traits_type::eof())
                    break;  // a torn last line was never acknowledged
                return fail(sent.error());
            }
            all.push_back(std::move(*sent));
        }
    }
    report.events = std::ssize(all);
    // A consumer's order: per partition key by sequence. Keys are independent of each other but for
    // what one group shares.
    std::stable_sort(all.begin(), all.end(), [](const Sent& a, const Sent& b) {
        return a.sequence < b.sequence;
    });
    auto& database = store.database();
    std::set<std::string> new_ids;
    {
        sqlite::Transaction transaction(database);
        for (const auto& sent : all)
            if (outbox::remember_sent(transaction, sent.id, sent.partition_key, sent.sequence))
                new_ids.insert(sent.id);
        transaction.commit();
    }
    Clusters clusters;
    for (const auto& sent : all)
        if (const auto ids = ids_of(sent); !ids.empty()) clusters.of(ids);
    domain_store::GroupStore groups(database);
    sqlite::Transaction transaction(database);
    std::map<int, std::vector<const Sent*>> log;
    for (const auto& sent : all)
        if (const auto ids = ids_of(sent); !ids.empty())
            log[clusters.root(clusters.ids().at(ids.front()))].push_back(&sent);
    std::map<int, std::set<std::int64_t>> known;
    std::map<int, std::vector<std::string>> members;
    for (const auto& [id, cluster] : clusters.ids()) {
        const int root = clusters.root(cluster);
        members[root].push_back(id);
        if (const auto group = groups.group_of_entity(id)) known[root].insert(*group);
    }
    for (const auto& [root, ids] : members) {
        const auto joined =
            groups.join_groups(transaction, {known[root].begin(), known[root].end()});
        std::vector<domain::Announced> parts;
        for (const auto& text : joined.announced) {
            auto part = domain::Announced::from_text(text);
            if (!part) return fail(part.error().within("the restored store"));
            parts.push_back(std::move(*part));
        }
        auto announced = domain::joined(std::move(parts));
        for (const Sent* sent : log[root]) {
            if (!new_ids.contains(sent->id)) continue;
            domain::Event event;
            event.id = sent->id;
            event.type = sent->type;
            event.data = sent->data;
            domain::apply(announced, event);
            ++report.applied;
        }
        groups.save(transaction, joined.group, {announced.to_text(), std::nullopt, ids});
        ++report.groups;
    }
    const inbox::Inbox inbox(database);
    std::set<std::string> unknown;
    for (const auto& sent : all) {
        if (!sent.type.starts_with("order.")) continue;
        const std::string order = sent.data.value("order", "");
        if (!inbox.knows_order(order)) unknown.insert(order);
    }
    report.orders_without_message.assign(unknown.begin(), unknown.end());
    transaction.commit();
    return report;
}

}  // namespace mis::gateway
