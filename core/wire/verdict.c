/* The words of verdicts, the same in answers and problems. */
#include "wire/answer.h"

static const char *const words[] = {
    [TRN_VERDICT_APPLIED] = "applied",
    [TRN_VERDICT_DUPLICATE] = "duplicate",
    [TRN_VERDICT_REJECTED] = "rejected",
    [TRN_VERDICT_RETRY] = "retry",
};

const char *trn_verdict_word(enum trn_verdict_kind kind)
{
    return words[kind];
}

bool trn_verdict_of_word(struct trn_slice word, enum trn_verdict_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (trn_slice_equal_text(word, words[i])) {
            *ret_kind = (enum trn_verdict_kind)i;
            return true;
        }
    }
    return false;
}
