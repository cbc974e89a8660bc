#include "net/nats_api.hpp"

#include <fmt/format.h>

#include <mutex>
#include <stdexcept>

namespace mis::net {

Result<std::shared_ptr<const NatsApi>> NatsApi::load() {
    // never closed: its threads live to the end of the process
    static auto& loaded = *new std::shared_ptr<const NatsApi>;
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    if (loaded) return loaded;
    try {
        auto library = platform::DynamicLibrary::open({"libnats.so.3.4", "libnats.so.3"});
        const auto get = [&library]<typename F>(F* /*type*/, const char* name) {
            return library.function<F>(name);
        };
        NatsApi api{
            get(decltype (&::nats_Open)(nullptr), "nats_Open"),
            get(decltype (&::nats_GetLastError)(nullptr), "nats_GetLastError"),
            get(decltype (&::natsStatus_GetText)(nullptr), "natsStatus_GetText"),
            get(decltype (&::natsOptions_Create)(nullptr), "natsOptions_Create"),
            get(decltype (&::natsOptions_SetServers)(nullptr), "natsOptions_SetServers"),
            get(decltype (&::natsOptions_SetNoRandomize)(nullptr), "natsOptions_SetNoRandomize"),
            get(decltype (&::natsOptions_SetTimeout)(nullptr), "natsOptions_SetTimeout"),
            get(decltype (&::natsOptions_SetName)(nullptr), "natsOptions_SetName"),
            get(decltype (&::natsOptions_SetSecure)(nullptr), "natsOptions_SetSecure"),
            get(decltype (&::natsOptions_LoadCATrustedCertificates)(nullptr),
                "natsOptions_LoadCATrustedCertificates"),
            get(decltype (&::natsOptions_LoadCertificatesChain)(nullptr),
                "natsOptions_LoadCertificatesChain"),
            get(decltype (&::natsOptions_SetUserInfo)(nullptr), "natsOptions_SetUserInfo"),
            get(decltype (&::natsOptions_SetToken)(nullptr), "natsOptions_SetToken"),
            get(decltype (&::natsOptions_SetUserCredentialsFromFiles)(nullptr),
                "natsOptions_SetUserCredentialsFromFiles"),
            get(decltype (&::natsOptions_SetAllowReconnect)(nullptr),
                "natsOptions_SetAllowReconnect"),
            get(decltype (&::natsOptions_SetPingInterval)(nullptr), "natsOptions_SetPingInterval"),
            get(decltype (&::natsOptions_SetMaxPingsOut)(nullptr), "natsOptions_SetMaxPingsOut"),
            get(decltype (&::natsOptions_SetWriteDeadline)(nullptr),
                "natsOptions_SetWriteDeadline"),
            get(decltype (&::natsOptions_SetErrorHandler)(nullptr), "natsOptions_SetErrorHandler"),
            get(decltype (&::natsOptions_SetClosedCB)(nullptr), "natsOptions_SetClosedCB"),
            get(decltype (&::natsOptions_Destroy)(nullptr), "natsOptions_Destroy"),
            get(decltype (&::natsConnection_Connect)(nullptr), "natsConnection_Connect"),
            get(decltype (&::natsConnection_HasHeaderSupport)(nullptr),
                "natsConnection_HasHeaderSupport"),
            get(decltype (&::natsConnection_GetMaxPayload)(nullptr),
                "natsConnection_GetMaxPayload"),
            get(decltype (&::natsConnection_GetLastError)(nullptr), "natsConnection_GetLastError"),
            get(decltype (&::natsConnection_Subscribe)(nullptr), "natsConnection_Subscribe"),
            get(decltype (&::natsConnection_PublishMsg)(nullptr), "natsConnection_PublishMsg"),
            get(decltype (&::natsConnection_RequestString)(nullptr),
                "natsConnection_RequestString"),
            get(decltype (&::natsConnection_FlushTimeout)(nullptr), "natsConnection_FlushTimeout"),
            get(decltype (&::natsConnection_IsClosed)(nullptr), "natsConnection_IsClosed"),
            get(decltype (&::natsConnection_Close)(nullptr), "natsConnection_Close"),
            get(decltype (&::natsConnection_Destroy)(nullptr), "natsConnection_Destroy"),
            get(decltype (&::natsSubscription_SetPendingLimits)(nullptr),
                "natsSubscription_SetPendingLimits"),
            get(decltype (&::natsSubscription_Destroy)(nullptr), "natsSubscription_Destroy"),
            get(decltype (&::natsInbox_Create)(nullptr), "natsInbox_Create"),
            get(decltype (&::natsInbox_Destroy)(nullptr), "natsInbox_Destroy"),
            get(decltype (&::natsMsg_Create)(nullptr), "natsMsg_Create"),
            get(decltype (&::natsMsg_GetSubject)(nullptr), "natsMsg_GetSubject"),
            get(decltype (&::natsMsg_GetReply)(nullptr), "natsMsg_GetReply"),
            get(decltype (&::natsMsg_GetData)(nullptr), "natsMsg_GetData"),
            get(decltype (&::natsMsg_GetDataLength)(nullptr), "natsMsg_GetDataLength"),
            get(decltype (&::natsMsgHeader_Set)(nullptr), "natsMsgHeader_Set"),
            get(decltype (&::natsMsgHeader_Get)(nullptr), "natsMsgHeader_Get"),
            get(decltype (&::natsMsg_Destroy)(nullptr), "natsMsg_Destroy"),
            std::move(library)};
        if (api.open(-1) != NATS_OK)
            return fail(ErrorKind::misconfigured, "libnats cannot start on this machine");
        loaded = std::make_shared<const NatsApi>(std::move(api));
        return loaded;
    } catch (const std::runtime_error& error) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("{}: install the client library of NATS (Debian: libnats3.4)", error.what())
        );
    }
}

}  // namespace mis::net
