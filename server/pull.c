/* Which scopes the user is served, and from where on; what is in them is scope_walk.c's. */
#include "server/pull.h"

#include "base/error.h"
#include "base/mutant.h"
#include "base/numbers.h"
#include "server/grants.h"
#include "server/scope_walk.h"

static void start_position(struct trn_position *position, const struct trn_position *held)
{
    if (held != NULL && held->begun &&
        (held->version == position->version || TRN_MUTANT(GRANT_VERSION_IGNORED))) {
        *position = *held;
        return;
    }
    position->place.number = 0;
    position->place.table = TRN_NO_TABLE;
    position->fresh = true;
    position->begun = false;
    position->partial = false;
}

static tern_status read_erased(struct trn_pull *pull,
                               const tern_id *scope,
                               struct trn_db_erased *ret_erased,
                               tern_error *error)
{
    *ret_erased = (struct trn_db_erased){.number = 0};
    return pull->any_erased ? pull->db->ops->erased_read(pull->view, scope, ret_erased, error)
                            : TERN_OK;
}

static tern_status serve(struct trn_pull *pull,
                         const tern_id *scope,
                         int64_t version,
                         const struct trn_position *held,
                         struct trn_answer_writer *page,
                         struct trn_numbers *announced,
                         struct trn_position *ret_position,
                         tern_error *error)
{
    struct trn_scope_walk walk = {.pull = pull,
                                  .page = page,
                                  .announced = announced,
                                  .position = {.scope = *scope, .version = version}};
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, scope, &erased, error);

    if (erased.number > version) {
        walk.position.version = erased.number; /* what is left of it is sent whole */
    }
    start_position(&walk.position, held);
    walk.held = walk.position.place.number - (walk.position.place.table == TRN_NO_TABLE ? 0 : 1);
    if (status == TERN_OK) {
        status = trn_scope_walk_run(&walk, error);
    }
    if (status == TERN_OK) {
        *ret_position = walk.position;
    }
    return status;
}

/* A planted bug: whether somebody may read was asked for the first page alone. */
static bool goes_on(const struct trn_position *position)
{
    return TRN_MUTANT(GRANT_OF_FIRST_PAGE) && position->partial;
}

/* The next cursor may be dropped before the device has heard of it: then it is named once more. */
static tern_status name_erased(struct trn_pull *pull,
                               struct trn_answer_writer *page,
                               const struct trn_db_erased *erased,
                               const tern_id *scope,
                               tern_error *error)
{
    const struct trn_position position = {.scope = *scope,
                                          .place = {.table = TRN_NO_TABLE},
                                          .erased = true};

    return trn_cursor_add(&pull->next, &position) == TERN_OK
               ? trn_answer_write_erased(page, scope, erased->number, error)
               : trn_fail_nomem(error);
}

static tern_status name_gone(struct trn_pull *pull,
                             struct trn_answer_writer *page,
                             const struct trn_cursor *cursor,
                             const struct trn_grants *grants,
                             tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < cursor->count && status == TERN_OK; index++) {
        const struct trn_position *held = &cursor->others[index];
        const tern_id *scope = &held->scope;
        struct trn_db_erased erased;

        if (trn_grants_find(grants, scope) != NULL || TRN_MUTANT(SCOPE_NOT_NAMED_GONE) ||
            goes_on(held) || (held->erased && cursor != pull->dropped)) {
            continue;
        }
        status = read_erased(pull, scope, &erased, error);
        if (status == TERN_OK) {
            status = (erased.flags & TRN_ERASED_ITSELF) != 0
                         ? name_erased(pull, page, &erased, scope, error)
                         : trn_answer_write_gone(page, scope, error);
        }
    }
    return status;
}

static tern_status set_high(struct trn_pull *pull, tern_error *error)
{
    struct trn_db_tx tx = {.time_us = 0};
    tern_status status = pull->db->ops->last_number(pull->view, &pull->next.high, error);

    if (status == TERN_OK && pull->next.high != 0) {
        status = trn_facts_tx(pull->facts, pull->next.high, &tx, error);
    }
    trn_cursor_tag(&tx, pull->next.tag);
    return status;
}

/* The own record, unless it was erased: that is said once, and where something was taken. */
static tern_status serve_own(struct trn_pull *pull,
                             const struct trn_cursor *cursor,
                             struct trn_answer_writer *page,
                             struct trn_numbers *announced,
                             tern_error *error)
{
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, &pull->user, &erased, error);

    if (status != TERN_OK || (erased.flags & TRN_ERASED_ITSELF) == 0) {
        return status != TERN_OK ? status
                                 : serve(pull,
                                         &pull->user,
                                         0,
                                         &cursor->own,
                                         page,
                                         announced,
                                         &pull->next.own,
                                         error);
    }
    pull->next.own =
        (struct trn_position){.scope = pull->user,
                              .version = erased.number,
                              .place = {.number = pull->next.high, .table = TRN_NO_TABLE},
                              .begun = true};
    return (cursor->own.begun && cursor->own.version == erased.number) || TRN_MUTANT(ERASURE_UNTOLD)
               ? TERN_OK
               : trn_answer_write_erased(page, &pull->user, erased.number, error);
}

static tern_status serve_granted(struct trn_pull *pull,
                                 const struct trn_cursor *cursor,
                                 const struct trn_grants *grants,
                                 struct trn_answer_writer *page,
                                 struct trn_numbers *announced,
                                 tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < grants->count && status == TERN_OK; index++) {
        const struct trn_opened *opened = &grants->items[index];
        const struct trn_position *held = trn_cursor_find(cursor, &opened->scope);
        struct trn_position position;

        status =
            serve(pull, &opened->scope, opened->version, held, page, announced, &position, error);
        if (status == TERN_OK && !position.begun && held != NULL) {
            position = *held; /* its turn has not come, and the device still holds it */
        }
        /* Named even before its turn: what the device wrote into it goes with the grant. */
        if (status == TERN_OK && trn_cursor_add(&pull->next, &position) != TERN_OK) {
            status = trn_fail_nomem(error);
        }
    }
    for (size_t index = 0;
         TRN_MUTANT(GRANT_OF_FIRST_PAGE) && index < cursor->count && status == TERN_OK;
         index++) {
        const struct trn_position *held = &cursor->others[index];
        struct trn_position position;

        if (goes_on(held) && trn_grants_find(grants, &held->scope) == NULL) {
            status =
                serve(pull, &held->scope, held->version, held, page, announced, &position, error);
            status = status == TERN_OK ? trn_cursor_add(&pull->next, &position) : status;
        }
    }
    return status;
}

static tern_status renew(struct trn_pull *pull, struct trn_position *position, tern_error *error)
{
    struct trn_db_erased erased;
    tern_status status = read_erased(pull, &position->scope, &erased, error);

    if (status == TERN_OK &&
        (pull->taken[0] < erased.number || (erased.flags & TRN_ERASED_ITSELF) != 0)) {
        position->version = 0;
    }
    return status;
}

tern_status trn_pull_renew(struct trn_pull *pull, struct trn_cursor *cursor, tern_error *error)
{
    tern_status status;

    if (pull->taken_count == 0) {
        return TERN_OK;
    }
    status = renew(pull, &cursor->own, error);
    for (size_t i = 0; i < cursor->count && status == TERN_OK; i++) {
        status = renew(pull, &cursor->others[i], error);
    }
    return status;
}

tern_status trn_pull_page(struct trn_pull *pull,
                          const struct trn_cursor *cursor,
                          struct trn_answer_writer *page,
                          tern_error *error)
{
    const struct trn_cursor none = {.count = 0};
    struct trn_numbers announced = {.slots = NULL};
    struct trn_grants grants = {.items = NULL};
    tern_status status = set_high(pull, error);

    cursor = cursor == NULL ? &none : cursor;
    if (status == TERN_OK) {
        status = trn_grants_load(pull->db, pull->view, &pull->user, &grants, error);
    }
    if (status == TERN_OK) {
        status = name_gone(pull, page, cursor, &grants, error);
    }
    if (status == TERN_OK && pull->dropped != NULL) {
        status = name_gone(pull, page, pull->dropped, &grants, error);
    }
    if (status == TERN_OK) {
        status = serve_own(pull, cursor, page, &announced, error);
    }
    if (status == TERN_OK) {
        status = serve_granted(pull, cursor, &grants, page, &announced, error);
    }
    if (status == TERN_OK && TRN_MUTANT(STRANGER_STAGED) && !cursor->own.begun && !pull->more) {
        const tern_id stranger = trn_scope_walk_stranger(pull);
        struct trn_position position;

        if (trn_grants_find(&grants, &stranger) == NULL) {
            status = serve(pull, &stranger, 0, NULL, page, &announced, &position, error);
            status = status == TERN_OK ? trn_cursor_add(&pull->next, &position) : status;
            pull->more = true;
        }
    }
    trn_grants_free(&grants);
    trn_numbers_free(&announced);
    return status;
}

/* What was held before the device began afresh is named, and nothing of it taken for sent. */
static tern_status
remember(struct trn_pull *pull, const struct trn_cursor *dropped, tern_error *error)
{
    tern_status status = TERN_OK;

    for (size_t index = 0; index < dropped->count && status == TERN_OK; index++) {
        const struct trn_position position = {.scope = dropped->others[index].scope,
                                              .place = {.table = TRN_NO_TABLE}};

        status = trn_cursor_add(&pull->next, &position);
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

tern_status
trn_pull_nothing(struct trn_pull *pull, const struct trn_cursor *cursor, tern_error *error)
{
    tern_status status = set_high(pull, error);

    pull->next.own.place.table = TRN_NO_TABLE;
    if (status != TERN_OK) {
        return status;
    }
    if (cursor == NULL) {
        return pull->dropped != NULL ? remember(pull, pull->dropped, error) : TERN_OK;
    }
    pull->next.own = cursor->own;
    for (size_t index = 0; index < cursor->count && status == TERN_OK; index++) {
        status = trn_cursor_add(&pull->next, &cursor->others[index]);
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}

void trn_pull_free(struct trn_pull *pull)
{
    trn_cursor_free(&pull->next);
}
