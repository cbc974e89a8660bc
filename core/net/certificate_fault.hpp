// Why a server's certificate was not taken: a wrong clock and a wrong certificate look alike, and
// are mended by different people.
#pragma once

#include <cstdint>
#include <string>

namespace mis::net {

enum class CertificateFault {
    none,
    not_yet_valid,      // by our clock, which is likelier wrong than theirs
    expired,            // by our clock
    unknown_authority,  // nobody whom we trust has signed it
    other_name,         // it is another machine's
    other,
};

// verify_result: X509_V_ERR_… of OpenSSL; nothing was said where the chain was good and the name
// was not.
CertificateFault certificate_fault(long verify_result);
// ": what to do"; empty for none. now_us: our clock, which is shown.
std::string certificate_remedy(CertificateFault fault, std::int64_t now_us);

}  // namespace mis::net
