/* Which ordinals what is left of a transaction takes, where a restored server is offered it. */
#include "api/internal.h"
#include "engine/reoffer.h"
#include "engine/work_commit.h"
#include "tests/unit/api/fixture.h"
#include "wire/entry.h"

static const unsigned PENDING = 1U << TERN_ENTRY_PENDING;

/* As if a server had taken the first transaction, and its entry were kept no more. */
static void acknowledge_and_forget_first(struct trn_work *work)
{
    struct trn_entry entry = {0};

    CHECK_INT(trn_outbox_find(work->store, 1, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 1);
    CHECK_INT(trn_store_tx_settle(work->store, entry.key, 1, entry.time_us, &entry.author, NULL),
              TERN_OK);
    CHECK_INT(trn_outbox_remove(work->store, 1, NULL), TERN_OK);
}

/* The last group of what is left is offered behind the walk over all of it. It must not take the
 * place of the transaction that a waiting entry was written upon: that would wait for it. */
TEST(what_is_left_takes_no_ordinal_that_an_entry_needs)
{
    tern_replica *replica = fixture_open(fixture_path());
    struct trn_work work;
    struct trn_entry entry = {0};
    uint64_t needs = 0;
    size_t count = 0;

    fixture_run(replica, "INSERT INTO users(id, role) VALUES(tern_id(), 'DOCTOR')");
    fixture_run(replica, "UPDATE users SET first_name = 'x'");
    CHECK_INT(trn_work_begin(&work, &replica->engine, NULL, NULL), TERN_OK);
    CHECK_INT(trn_outbox_depends(work.store, 2, &needs, 1, &count, NULL), TERN_OK);
    CHECK(count == 1 && needs == 1);
    acknowledge_and_forget_first(&work);
    CHECK_INT(trn_reoffer_gather(&work, NULL), TERN_OK);
    CHECK_INT(trn_store_tx_forget_numbers(work.store, NULL), TERN_OK);
    trn_known_clear(&work.known);
    CHECK_INT(trn_reoffer_queue(&work, NULL), TERN_OK);
    CHECK_INT(trn_outbox_next(work.store, 0, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 2);
    CHECK_INT(trn_outbox_next(work.store, 2, PENDING, &entry, NULL), TERN_OK);
    CHECK_INT(entry.ordinal, 3);
    CHECK(trn_entry_kind_is_left(entry.kind));
    trn_work_rollback(&work);
    tern_replica_close(replica);
}
