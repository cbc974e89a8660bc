// Teeth: FDI two-digit notation, ISO 3950 (I7): 11–48 permanent, 51–85 deciduous, and
// areas of the mouth.
//
// Canonical form: FDI strings sorted as numbers without repeats ("16", "17"), or one area:
// "quadrant-1" … "quadrant-4" (5–8 for deciduous), "upper", "lower", "mouth"; an empty list means
// no tooth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis {

// "16", "1.6", "#16", "16,17", "16 17", "16;17", "11-13" (a range along the jaw, "12-22" crosses
// the midline), «в/ч», «н/ч», «верхняя челюсть», «вся полость», "I квадрант", «1 квадрант», «q1»,
// canonical forms themselves. Empty text: no tooth. nullopt: cannot be read (never guessed).
std::optional<std::vector<std::string>> parse_teeth(std::string_view text);

// The same from the Universal Numbering System: 1–32, deciduous A–T; "3", "#14", "1-5", "A,B".
// "16" is then the upper left wisdom tooth, 28: only the source knows which of the two it writes.
std::optional<std::vector<std::string>> parse_teeth_universal(std::string_view text);

// What parse_teeth() reads, for error texts.
std::string_view teeth_forms();

bool is_tooth(std::string_view fdi);
bool is_area(std::string_view area);
bool area_contains(std::string_view area, std::string_view tooth);

// Surfaces M O I D B V L P: "МОД", "mod", "M,O,D" → "MOD", in that fixed order, Cyrillic
// look-alikes accepted, F (facial) is V; nullopt: cannot be read.
std::optional<std::string> parse_surfaces(std::string_view text);

}  // namespace mis
