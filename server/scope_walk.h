/* The log of one scope, walked from a position on: the rows it names are written to a page. */
#ifndef TRN_SERVER_SCOPE_WALK_H
#define TRN_SERVER_SCOPE_WALK_H

#include "base/numbers.h"
#include "server/pull_state.h"

/* A scope under way. */
struct trn_scope_walk {
    struct trn_pull *pull;
    struct trn_answer_writer *page;
    struct trn_numbers *announced; /* for the rows of one scope on this page */
    struct trn_position position;
    int64_t held; /* the device has all of the scope up to this number */
    bool looked;  /* some place of it was come past */
    bool opened;  /* its first line is written */
    bool done;    /* everything of it is sent */
};

/* Writes what the page has room for; sets `pull->more` where that was not all. */
tern_status trn_scope_walk_run(struct trn_scope_walk *walk, tern_error *error);
/* Whose record a planted bug sends: the one whose id differs in its last bit. */
tern_id trn_scope_walk_stranger(const struct trn_pull *pull);

#endif
