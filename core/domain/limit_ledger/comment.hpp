// What a free-text comment of an appointment says about an account (L8). The text is
// private: only the sum and the kind come out.
//
//   «Первичка+200. БАРТЕР. Лимит 20.000»      limit 20 000 ₽, kind barter
//   «лимит: 7500,50 руб.» «ЛИМИТ 20 тыс» «лимит 20к» «лимит по бартеру - 20 000»
//   «Пациент лечится за деньги» «сумма бартера исчерпана»      closes
//   «+200» «лимит времени 30 мин» «лимит не исчерпан»          nothing
//
// A dot, comma or space before exactly three digits groups; a dot or comma before one or two is
// decimal. A space before one or two digits ends the number ("лимит 20000 2 зуба"): a sum in
// roubles and kopecks is never written so. What could be a date, a count or a time is no sum; what
// cannot be read says nothing: an account is never opened by a guess. Several sums in one comment:
// the last stands.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/money.hpp"

namespace mis::domain {

struct LimitComment {
    std::optional<Money> limit;  // the account's stated total, RUB; may be 0
    bool closes = false;         // from this appointment on no new work goes to the account
    std::string
        kind;  // "barter", "insurance", "corporate", "gift" where the comment names one; else empty

    bool says_nothing() const { return !limit && !closes; }
};

// Any bytes; text that is not UTF-8 says nothing.
LimitComment parse_limit_comment(std::string_view comment);

}  // namespace mis::domain
