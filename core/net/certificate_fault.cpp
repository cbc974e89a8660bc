#include "net/certificate_fault.hpp"

#include <openssl/x509_vfy.h>

#include "base/timestamp.hpp"

namespace mis::net {

CertificateFault certificate_fault(long verify_result) {
    switch (verify_result) {
        case X509_V_OK:
        case X509_V_ERR_UNSPECIFIED:  // the chain was good, nothing was said of it
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return CertificateFault::other_name;
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return CertificateFault::not_yet_valid;
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return CertificateFault::expired;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_CERT_UNTRUSTED:
            return CertificateFault::unknown_authority;
        default:
            return CertificateFault::other;
    }
}

std::string certificate_remedy(CertificateFault fault, std::int64_t now_us) {
    const std::string clock = "by this machine's clock it is " + Timestamp{now_us, 0}.to_string();
    switch (fault) {
        case CertificateFault::none:
            return "";
        case CertificateFault::not_yet_valid:
            return ": " + clock +
                   ": set the clock if that is wrong; if it is right, the other side has to mend "
                   "its certificate";
        case CertificateFault::expired:
            return ": " + clock +
                   ": if that is right, the other side has to renew its certificate; else set the "
                   "clock";
        case CertificateFault::unknown_authority:
            return ": name the PEM file of who signed it with authority_file, or have a proxy that "
                   "opens the connection leave it alone";
        case CertificateFault::other_name:
            return ": the certificate is another machine's: see that the address is right, and who "
                   "answers there";
        case CertificateFault::other:
            return ": the other side has to mend its certificate";
    }
    return "";
}

}  // namespace mis::net
