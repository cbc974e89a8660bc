#include "record/case_context.hpp"

#include "platform/file.hpp"

namespace mis::record {

namespace fs = std::filesystem;

namespace {

// One context.json, over what `context` and `scene` say already.
class ContextFile {
  public:
    ContextFile(const fs::path& file, MapContext& context, CaseScene& scene)
        : file_(file), context_(context), scene_(scene) {}

    Result<void> read() {
        const auto document = parse_json(platform::read_file(file_));
        if (!document || !document->is_object())
            return wrong(document ? "not an object" : document.error().text);
        for (const auto& [name, value] : document->items())
            if (auto taken = take(name, value); !taken) return taken;
        return {};
    }

  private:
    tl::unexpected<Error> wrong(const std::string& what) const {
        return fail(ErrorKind::malformed, file_.string() + ": " + what);
    }

    Result<void> take(const std::string& name, const Json& value) {
        if (name == "timezone" && value.is_string() && Zone::find(value.get<std::string>()))
            context_.clinic_zone = *Zone::find(value.get<std::string>());
        else if (name == "currency" && value.is_string())
            context_.currency = value.get<std::string>();
        else if (name == "scene" && value.is_object())
            return take_scene(value);
        else if ((name == "branch_timezones" || name == "site") && value.is_object())
            return take_texts(name, value);
        else
            return wrong(
                name +
                " is none of timezone, branch_timezones, site, currency, scene, or of the wrong "
                "form"
            );
        return {};
    }

    Result<void> take_texts(const std::string& name, const Json& values) {
        for (const auto& [key, item] : values.items()) {
            if (!item.is_string()) return wrong(name + "." + key + " is no text");
            if (name == "site")
                context_.site.insert_or_assign(key, item.get<std::string>());
            else if (const auto zone = Zone::find(item.get<std::string>()))
                context_.branch_zones.insert_or_assign(key, *zone);
            else
                return wrong(name + "." + key + " is no IANA zone");
        }
        return {};
    }

    Result<void> take_scene(const Json& scene) {
        scene_.file = file_;
        for (const auto& [key, value] : scene.items()) {
            if (key == "at") {
                scene_.at.clear();
                for (const Json& time : value.is_array() ? value : Json::array({value})) {
                    if (!time.is_string() || !Timestamp::parse_rfc3339(time.get<std::string>()))
                        return wrong(
                            "scene.at: a time with offset, such as 2026-03-02T19:00:00+03:00, or a "
                            "list of them"
                        );
                    scene_.at.push_back(time.get<std::string>());
                }
            } else if (key == "upsert" && value.is_object()) {
                scene_.upsert = value;
            } else if (key == "inbox" && value.is_array()) {
                scene_.inbox = value;
            } else {
                return wrong("scene." + key + " is none of at, upsert {}, inbox []");
            }
        }
        return {};
    }

    const fs::path& file_;
    MapContext& context_;
    CaseScene& scene_;
};

}  // namespace

Result<MapContext> case_context(
    const source::Connector& connector, const fs::path& folder, CaseScene* scene
) {
    MapContext context{Zone::find("Europe/Moscow").value(), {}, connector.site_defaults, "RUB"};
    std::vector<fs::path> files{connector.folder / "cases" / "context.json"};
    // the site's values hold for the site's cases
    if (const auto& overlay = connector.overlay.folder;
        !overlay.empty() && folder.string().starts_with((overlay / "cases").string())) {
        for (const auto& [key, value] : connector.overlay.site) context.site[key] = value;
        files.push_back(overlay / "cases" / "context.json");
    }
    files.push_back(folder / "context.json");
    CaseScene unasked;
    for (const fs::path& file : files) {
        if (!fs::exists(file)) continue;
        if (auto read = ContextFile(file, context, scene ? *scene : unasked).read(); !read)
            return fail(read.error());
    }
    return context;
}

}  // namespace mis::record
