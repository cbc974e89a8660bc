// The calls of libnats, opened at run time: who has no NATS needs no library. Private to core/net.
#pragma once

#include <nats/nats.h>

#include <memory>

#include "base/result.hpp"
#include "platform/dynamic_library.hpp"

namespace mis::net {

struct NatsApi {
    decltype(&::nats_Open) open;
    decltype(&::nats_GetLastError) last_error;
    decltype(&::natsStatus_GetText) status_text;
    decltype(&::natsOptions_Create) options_create;
    decltype(&::natsOptions_SetServers) set_servers;
    decltype(&::natsOptions_SetNoRandomize) set_no_randomize;
    decltype(&::natsOptions_SetTimeout) set_timeout;
    decltype(&::natsOptions_SetName) set_name;
    decltype(&::natsOptions_SetSecure) set_secure;
    decltype(&::natsOptions_LoadCATrustedCertificates) load_authorities;
    decltype(&::natsOptions_LoadCertificatesChain) load_certificate;
    decltype(&::natsOptions_SetUserInfo) set_user;
    decltype(&::natsOptions_SetToken) set_token;
    decltype(&::natsOptions_SetUserCredentialsFromFiles) set_credentials;
    decltype(&::natsOptions_SetAllowReconnect) set_allow_reconnect;
    decltype(&::natsOptions_SetPingInterval) set_ping_interval;
    decltype(&::natsOptions_SetMaxPingsOut) set_max_pings_out;
    decltype(&::natsOptions_SetWriteDeadline) set_write_deadline;
    decltype(&::natsOptions_SetErrorHandler) set_error_handler;
    decltype(&::natsOptions_SetClosedCB) set_closed;
    decltype(&::natsOptions_Destroy) options_destroy;
    decltype(&::natsConnection_Connect) connect;
    decltype(&::natsConnection_HasHeaderSupport) has_headers;
    decltype(&::natsConnection_GetMaxPayload) max_payload;
    decltype(&::natsConnection_GetLastError) connection_error;
    decltype(&::natsConnection_Subscribe) subscribe;
    decltype(&::natsConnection_PublishMsg) publish;
    decltype(&::natsConnection_RequestString) request;
    decltype(&::natsConnection_FlushTimeout) flush;
    decltype(&::natsConnection_IsClosed) is_closed;
    decltype(&::natsConnection_Close) close;
    decltype(&::natsConnection_Destroy) connection_destroy;
    decltype(&::natsSubscription_SetPendingLimits) set_pending_limits;
    decltype(&::natsSubscription_Destroy) subscription_destroy;
    decltype(&::natsInbox_Create) inbox_create;
    decltype(&::natsInbox_Destroy) inbox_destroy;
    decltype(&::natsMsg_Create) message_create;
    decltype(&::natsMsg_GetSubject) message_subject;
    decltype(&::natsMsg_GetReply) message_reply;
    decltype(&::natsMsg_GetData) message_data;
    decltype(&::natsMsg_GetDataLength) message_length;
    decltype(&::natsMsgHeader_Set) header_set;
    decltype(&::natsMsgHeader_Get) header_get;
    decltype(&::natsMsg_Destroy) message_destroy;
    platform::DynamicLibrary library;

    // Opened once. misconfigured: it is not there; the package is named.
    static Result<std::shared_ptr<const NatsApi>> load();
};

}  // namespace mis::net
