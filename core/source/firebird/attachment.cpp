#include "source/firebird/attachment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/file_text.hpp"

namespace mis::source::firebird {
namespace {

class ParameterBuffer {  // isc_dpb: tag, length, bytes
  public:
    void add(char tag, std::string_view value) {
        bytes_.push_back(tag);
        bytes_.push_back(static_cast<char>(static_cast<unsigned char>(value.size())));
        bytes_.append(value);
    }
    void add(char tag, int value) {
        std::string four(4, '\0');
        for (std::size_t i = 0; i < 4; ++i) four[i] = static_cast<char>(value >> (8 * i) & 0xff);
        add(tag, four);
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_{isc_dpb_version1};
};

}  // namespace

Result<std::unique_ptr<Attachment>> Attachment::open(
    std::shared_ptr<const Api> api, const AttachTarget& target
) {
    for (const std::string* value : {&target.user, &target.password, &target.role, &target.config})
        if (value->size() > 255)
            return fail(
                ErrorKind::misconfigured,
                "connecting: user, password, role and settings have at most 255 bytes"
            );

    ParameterBuffer buffer;
    buffer.add(isc_dpb_utf8_filename, std::string_view());
    if (!target.user.empty()) buffer.add(isc_dpb_user_name, target.user);
    if (!target.password.empty()) buffer.add(isc_dpb_password, target.password);
    if (!target.role.empty()) buffer.add(isc_dpb_sql_role_name, target.role);
    buffer.add(isc_dpb_lc_ctype, std::string_view("NONE"));
    buffer.add(isc_dpb_sql_dialect, target.dialect);
    buffer.add(isc_dpb_connect_timeout, target.connect_seconds_max);
    if (!target.config.empty()) buffer.add(isc_dpb_config, target.config);

    std::unique_ptr<Attachment> attachment(new Attachment(std::move(api)));
    Status status;
    attachment->api_->attach_database(
        status.vector(), static_cast<short>(target.database.size()), target.database.c_str(),
        &attachment->handle_, static_cast<short>(buffer.bytes().size()), buffer.bytes().data()
    );
    if (status.failed()) {
        attachment->handle_ = 0;
        return fail(status.error(
            attachment->api(),
            target.user.empty() ? fmt::format("connecting to {}", escape_controls(target.database))
                                : fmt::format(
                                      "connecting to {} as {}", escape_controls(target.database),
                                      escape_controls(target.user)
                                  )
        ));
    }
    return attachment;
}

Result<std::unique_ptr<Attachment>> Attachment::create_database(
    std::shared_ptr<const Api> api, const AttachTarget& target, std::string_view set_up
) {
    std::string sql = fmt::format("create database '{}'", target.database);
    if (!target.user.empty()) sql += fmt::format(" user '{}'", target.user);
    if (!target.password.empty()) sql += fmt::format(" password '{}'", target.password);
    sql += fmt::format(" {}", set_up);
    {
        Attachment made(api);
        isc_tr_handle none = 0;
        Status status;
        api->execute_immediate(
            status.vector(), &made.handle_, &none, static_cast<unsigned short>(sql.size()),
            sql.c_str(), static_cast<unsigned short>(target.dialect), nullptr
        );
        if (status.failed()) {
            made.handle_ = 0;
            return fail(status.error(*api, fmt::format("creating {}", target.database)));
        }
    }
    return open(std::move(api), target);
}

Attachment::~Attachment() { detach(); }

void Attachment::detach() {
    if (handle_ == 0) return;
    Status status;
    api_->detach_database(status.vector(), &handle_);
    handle_ = 0;
}

void Attachment::cancel(Cancel how) {
    Status status;
    api_->cancel_operation(
        status.vector(), &handle_, how == Cancel::raise ? fb_cancel_raise : fb_cancel_abort
    );
}

Result<Transaction> Transaction::begin(Attachment& attachment, Access access) {
    static constexpr char kReadOnly[] = {
        isc_tpb_version3, isc_tpb_concurrency, isc_tpb_read, isc_tpb_nowait};
    static constexpr char kReadWrite[] = {
        isc_tpb_version3, isc_tpb_read_committed, isc_tpb_rec_version, isc_tpb_write, isc_tpb_wait};
    struct {  // what isc_start_multiple takes per attachment
        isc_db_handle* database;
        int length;
        const char* parameters;
    } block = {attachment.handle(), static_cast<int>(sizeof kReadOnly), kReadOnly};
    if (access == Access::read_write) {
        block.length = static_cast<int>(sizeof kReadWrite);
        block.parameters = kReadWrite;
    }
    Transaction transaction(attachment);
    Status status;
    attachment.api().start_multiple(status.vector(), &transaction.handle_, 1, &block);
    if (status.failed()) {
        transaction.handle_ = 0;
        return fail(status.error(attachment.api(), "starting a transaction"));
    }
    return transaction;
}

Transaction::Transaction(Transaction&& other) noexcept
    : attachment_(other.attachment_), handle_(std::exchange(other.handle_, 0)) {}

Transaction::~Transaction() {
    if (handle_ == 0) return;
    Status status;
    attachment_->api().rollback_transaction(status.vector(), &handle_);
}

Result<void> Transaction::commit() {
    Status status;
    attachment_->api().commit_transaction(status.vector(), &handle_);
    if (status.failed()) return fail(status.error(attachment_->api(), "committing"));
    handle_ = 0;
    return {};
}

Result<void> Transaction::execute(std::string_view sql, int dialect) {
    if (sql.size() > 65535)
        return fail(ErrorKind::misconfigured, "executing: a statement has at most 64 kB");
    Status status;
    attachment_->api().execute_immediate(
        status.vector(), attachment_->handle(), &handle_, static_cast<unsigned short>(sql.size()),
        sql.data(), static_cast<unsigned short>(dialect), nullptr
    );
    if (status.failed()) return fail(status.error(attachment_->api(), "executing a statement"));
    return {};
}

}  // namespace mis::source::firebird
