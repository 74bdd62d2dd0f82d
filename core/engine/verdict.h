/*
 * The server's word on one tx of ours.
 *
 * Applied: its values are ground from now on. Rejected: it leaves the rows, and what builds on it
 * leaves with it when the pending edits are laid back. The oldest pending entry, applied with the
 * time that it had claimed, costs one update of its tern_tx row: what the rows show is ground as it
 * stands.
 */
#ifndef TRN_ENGINE_VERDICT_H
#define TRN_ENGINE_VERDICT_H

#include "engine/batch.h"
#include "wire/answer.h"

/* What the verdicts of one answer came to. */
struct trn_verdict_tally {
    uint64_t decided;
    uint64_t acknowledged;
    int64_t heard_us; /* true time of the answer, as far as is known; set by the caller */
    bool apart; /* a page that tells whose records are here comes later, if at all; likewise */
};

/* The verdict on what was sent as `item`. An entry that is not waiting for one any more is passed
 * over. */
tern_status trn_verdict_take(struct trn_work *work,
                             const struct trn_batch_item *item,
                             const struct trn_verdict *verdict,
                             struct trn_verdict_tally *tally,
                             tern_error *error);

#endif
