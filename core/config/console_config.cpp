#include "config/console_config.hpp"

#include "config/setting_check.hpp"

namespace mis::config {
namespace {

bool is_given(const Json& part, const char* name) {
    const auto found = part.find(name);
    return found != part.end() && found->is_string() && !found->get<std::string>().empty();
}

}  // namespace

bool is_loopback_address(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address == "[::1]";
}

void check_console(SettingCheck& check, const Json& part, const std::string& pointer) {
    const bool certificate = is_given(part, "certificate_file"), key = is_given(part, "key_file");
    if (certificate != key)
        check.problem(
            pointer + (certificate ? "/key_file" : "/certificate_file"),
            "belongs to the other of the two: give both, or none"
        );
    const std::string listen = part.value("listen", "127.0.0.1:9465");
    if (listen.empty())
        return check.problem(
            pointer + "/listen",
            "has to be an address and a port: \"127.0.0.1:9465\"; without the section there is no "
            "console"
        );
    const std::string address = listen.substr(0, listen.rfind(':'));
    if (is_loopback_address(address)) return;
    if (!certificate)
        check.problem(
            pointer + "/listen",
            "would show the clinic's accounts in the clear to the network: give certificate_file "
            "and key_file, or listen on 127.0.0.1"
        );
    const bool any = address == "0.0.0.0" || address == "::" || address == "[::]";
    if (any && part.value("hosts", Json::array()).empty())
        check.problem(
            pointer + "/hosts",
            "is empty, and the address says no name: list the names by which browsers call the "
            "console"
        );
}

}  // namespace mis::config
