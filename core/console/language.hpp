// In which language a person is answered: Russian first, English where the browser asks for it.
#pragma once

#include <string_view>

namespace mis::console {

enum class Language { ru, en };

// Of an Accept-Language header: the first of the two that it names; none: Russian.
Language language_of(std::string_view accept_language);

}  // namespace mis::console
