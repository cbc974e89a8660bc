#include "console/assets.hpp"

#include <system_error>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "net/gzip.hpp"
#include "platform/file.hpp"

namespace mis::console {
namespace {

constexpr std::string_view kPage = "index.html";
constexpr std::size_t kFileBytesMax = 8 << 20;

constexpr std::string_view kPlainPage = R"(<!doctype html>
<html lang="ru"><meta charset="utf-8"><title>MIS Gateway</title>
<h1>MIS Gateway</h1>
<p>Шлюз работает, но собран без страниц консоли: нужна сборка с npm (core/console/web).</p>
<p lang="en">The gateway runs, but was built without the console's pages: they want a build with npm (core/console/web).</p>
</html>
)";

std::string_view type_of(std::string_view path) {
    const auto ends = [&](std::string_view end) { return path.ends_with(end); };
    if (ends(".html")) return "text/html; charset=utf-8";
    if (ends(".js") || ends(".mjs")) return "text/javascript; charset=utf-8";
    if (ends(".css")) return "text/css; charset=utf-8";
    if (ends(".json") || ends(".map")) return "application/json";
    if (ends(".svg")) return "image/svg+xml";
    if (ends(".png")) return "image/png";
    if (ends(".ico")) return "image/x-icon";
    if (ends(".webmanifest")) return "application/manifest+json";
    return "application/octet-stream";
}

// A relative path of plain names: nothing leads out of the folder.
bool is_plain(std::string_view path) {
    for (const auto part : split(path, '/')) {
        if (part.empty() || part.front() == '.') return false;
        for (const char c : part) {
            const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
            if (!fits) return false;
        }
    }
    return true;
}

// app-1A2B3C4D.js: another content has another name.
bool is_named_by_content(std::string_view name) {
    const auto dash = name.rfind('-');
    const auto dot = name.find('.', dash == std::string_view::npos ? 0 : dash);
    return dash != std::string_view::npos && dot != std::string_view::npos && dot - dash == 9;
}

bool takes_gzip(const net::Headers& headers) {
    const auto accepted = net::find_header(headers, "Accept-Encoding");
    return accepted.find("gzip") != std::string_view::npos;
}

net::ServerAnswer text_answer(int status, std::string_view type, std::string body) {
    net::ServerAnswer answer;
    answer.status = status;
    answer.content_type = type;
    answer.body = std::move(body);
    return answer;
}

}  // namespace

Assets::Assets(std::filesystem::path folder) : folder_(std::move(folder)) {}

net::ServerAnswer Assets::answer(std::string_view path, const net::Headers& headers) const {
    const std::string name(path.find('.') == std::string_view::npos ? kPage : path);
    const auto missing = [] {
        return text_answer(404, "text/plain; charset=utf-8", "not found\n");
    };
    if (!is_plain(name)) return missing();
    net::ServerAnswer answer;
    if (!folder_.empty()) {
        std::error_code error;
        const auto file = folder_ / name;
        if (!std::filesystem::is_regular_file(file, error) ||
            std::filesystem::file_size(file, error) > kFileBytesMax || error)
            return missing();
        answer = text_answer(200, type_of(name), platform::read_file(file));
        answer.headers.emplace_back("Cache-Control", "no-store");
        return answer;
    }
    const auto& all = built_in_assets();
    if (all.empty())
        return name == kPage ? text_answer(200, type_of(name), std::string(kPlainPage)) : missing();
    for (const Asset& asset : all) {
        if (asset.path != name) continue;
        const std::string tag = '"' + to_hex(sha256(asset.packed)).substr(0, 32) + '"';
        if (net::find_header(headers, "If-None-Match") == tag) {
            answer.status = 304;
        } else if (takes_gzip(headers)) {
            answer = text_answer(200, type_of(name), std::string(asset.packed));
            answer.headers.emplace_back("Content-Encoding", "gzip");
        } else {
            auto plain = net::gunzip(asset.packed, kFileBytesMax);
            if (!plain) return missing();
            answer = text_answer(200, type_of(name), std::move(*plain));
        }
        answer.headers.emplace_back("Vary", "Accept-Encoding");
        answer.headers.emplace_back("ETag", tag);
        answer.headers.emplace_back(
            "Cache-Control",
            is_named_by_content(name) ? "public, max-age=31536000, immutable" : "no-cache"
        );
        return answer;
    }
    return missing();
}

}  // namespace mis::console
