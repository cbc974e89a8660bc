// What a free-text comment of an appointment says about an account (L8). The text is
// private: only the sum and the kind come out.
//
//   «Первичка+200. БАРТЕР. Лимит 20.000»      limit 20 000 ₽, kind barter
//   «лимит: 7500,50 руб.» «ЛИМИТ 20 тыс» «лимит 20к» «лимит по бартеру - 20 000»
//   «Пациент лечится за деньги» «сумма бартера исчерпана»      closes
//   «+200» «лимит времени 30 мин» «лимит не исчерпан»          nothing
//
// A dot, comma or space before exactly three digits groups, before one or two it is decimal; a
// space only where nothing but the currency follows ("лимит 20000 2 зуба" is 20 000).
//
// Only a plain total in roubles is read, and what cannot be read opens nothing: an account is never
// opened by a guess. Another case than the nominative («нет лимита 3000»), a word of the clause
// that changes the sense («остаток», «сверх», «увеличили на»), another currency, «№», a date, a
// count, a range, a phone number: not read, and `unread` says that a clerk should look. Several
// sums in one comment: the last stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/money.hpp"

namespace mis::domain {

struct LimitComment {
    std::optional<Money> limit;  // the account's stated total, RUB; may be 0
    bool closes = false;         // from this appointment on no new work goes to the account
    // It speaks of a «лимит» or «бартер», and not all of it was understood: for the clerk's list.
    bool unread = false;
    std::string
        kind;  // "barter", "insurance", "corporate", "gift" where the comment names one; else empty

    bool says_nothing() const { return !limit && !closes; }
};

// Any bytes; text that is not UTF-8 says nothing.
LimitComment parse_limit_comment(std::string_view comment);

}  // namespace mis::domain
