/* The set of rows met. */
#include "engine/idset.h"
#include "tests/harness/harness.h"

static const struct trn_table tables[2] = {{.index = 0}, {.index = 1}};

static tern_id id_of(uint32_t number)
{
    tern_id id = {{0}};

    for (size_t i = 0; i < sizeof number; i++) {
        id.bytes[i + 3] = (uint8_t)(number >> 8 * i);
    }
    return id;
}

TEST(a_set_holds_what_was_added_and_nothing_else)
{
    struct trn_idset set = {0};
    tern_id id = id_of(0);

    CHECK(!trn_idset_has(&set, &tables[0], &id));
    for (uint32_t i = 0; i < 5000; i++) {
        id = id_of(i);
        CHECK(trn_idset_add(&set, &tables[i % 2], &id, NULL) == TERN_OK);
        CHECK(trn_idset_add(&set, &tables[i % 2], &id, NULL) == TERN_OK);
    }
    CHECK_INT(set.count, 5000);
    for (uint32_t i = 0; i < 6000; i++) {
        id = id_of(i);
        CHECK(trn_idset_has(&set, &tables[i % 2], &id) == (i < 5000));
        CHECK(!trn_idset_has(&set, &tables[1 - i % 2], &id));
    }
    trn_idset_free(&set);
}

TEST(a_set_keeps_what_it_holds_when_memory_runs_out)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_idset set = {0};
        tern_status status = TERN_OK;
        uint32_t added = 0;

        for (; added < 200 && status == TERN_OK; added++) {
            tern_id id = id_of(added);

            status = trn_idset_add(&set, &tables[0], &id, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        for (uint32_t i = 0; i + 1 < added; i++) {
            tern_id id = id_of(i);

            CHECK(trn_idset_has(&set, &tables[0], &id));
        }
        trn_idset_free(&set);
    }
}
