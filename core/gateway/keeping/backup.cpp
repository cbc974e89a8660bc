#include "gateway/keeping/backup.hpp"

#include <algorithm>
#include <system_error>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "disclosure/audit.hpp"
#include "platform/file.hpp"
#include "platform/instance_lock.hpp"
#include "platform/replace_file.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway {
namespace {

constexpr std::string_view kFormat = "mis-gateway backup 1";

}  // namespace

Result<void> check_backup_target(
    const ClinicStore& store, const std::filesystem::path& file,
    const std::vector<std::filesystem::path>& in_use
) {
    namespace fs = std::filesystem;
    const auto refused = [&](const std::string& why) {
        return fail(ErrorKind::misconfigured, "backup: " + file.string() + " " + why);
    };
    std::error_code untold;
    const auto type = fs::symlink_status(file, untold).type();
    if (type == fs::file_type::directory)
        return refused(
            "is a folder: name a file in it, such as " + (file / "clinic.backup").string()
        );
    if (type == fs::file_type::symlink)
        return refused(
            "is a symbolic link, which the backup would replace: name the file itself, or - for "
            "standard output"
        );
    if (type != fs::file_type::regular && type != fs::file_type::not_found)
        return refused(
            "is no regular file (a pipe, device or socket), which the backup would replace: name a "
            "file, or - for standard output"
        );
    const auto folder = fs::weakly_canonical(fs::absolute(file).parent_path(), untold);
    const auto own = fs::weakly_canonical(fs::absolute(store.folder()), untold);
    const auto [end, rest] = std::mismatch(own.begin(), own.end(), folder.begin(), folder.end());
    if (end == own.end())
        return refused(
            "lies in the store's own folder, and would be lost with it: name another place"
        );
    for (const auto& other : in_use)
        if (!other.empty() && fs::equivalent(file, other, untold))
            return refused("is in use by the configuration: name another file");
    return {};
}

Result<BackupReport> write_backup(
    ClinicStore& store, const std::filesystem::path& file, std::string_view passphrase,
    std::int64_t now_us
) {
    const auto lock = platform::InstanceLock::try_take(store.folder() / "backup.lock");
    if (!lock)
        return fail(
            ErrorKind::rejected, "another backup of this store is being written: wait for it"
        );
    // In the store's own folder, which nobody else reads: the copy is not sealed yet.
    const auto copy = store.folder() / "backup.copy";
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
    if (file == kStandardOutput)
        platform::write_standard_output(sealed);
    else
        platform::replace_regular_file(file, sealed);
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

}  // namespace mis::gateway
