/* A connection that ends, in any way, anywhere: the client says NETWORK, and nothing is lost or
 * doubled. */
#include "tests/e2e/client/scene.h"

/* What ends behind the last byte of the answer ends too late to matter. */
static tern_status outcome_of(const struct scene *scene, const struct relay_script *script)
{
    bool late = script->way == RELAY_DOWN && script->record + 1 == scene->down &&
                script->where == RELAY_BEHIND;

    return late ? TERN_OK : TERN_ERR_NETWORK;
}

static void
cut(struct scene *scene, enum relay_deed deed, enum relay_way way, enum relay_where where)
{
    unsigned records = way == RELAY_UP ? scene->up : scene->down;

    for (unsigned record = 0; record < records; record++) {
        const struct relay_script script = {deed, way, record, where};

        scene_round(scene, script, outcome_of(scene, &script));
    }
}

TEST(a_connection_that_ends_at_any_record_is_a_network_failure_without_a_trace)
{
    struct scene scene;

    scene_open(&scene);
    cut(&scene, RELAY_END, RELAY_UP, RELAY_START);
    cut(&scene, RELAY_END, RELAY_DOWN, RELAY_START);
    cut(&scene, RELAY_END, RELAY_DOWN, RELAY_LAST);
    scene_close(&scene);
}

TEST(a_connection_reset_within_any_record_is_a_network_failure_without_a_trace)
{
    struct scene scene;

    scene_open(&scene);
    cut(&scene, RELAY_RESET, RELAY_UP, RELAY_HEADER);
    cut(&scene, RELAY_RESET, RELAY_UP, RELAY_MIDST);
    cut(&scene, RELAY_RESET, RELAY_DOWN, RELAY_HEADER);
    cut(&scene, RELAY_RESET, RELAY_DOWN, RELAY_MIDST);
    scene_close(&scene);
}

TEST(what_is_lost_before_the_commit_did_not_happen_and_happens_once_later)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned i = 0; i < 2; i++) {
        const struct relay_script script = {i == 0 ? RELAY_END : RELAY_RESET,
                                            RELAY_UP,
                                            scene.up - 1,
                                            RELAY_LAST};

        scene_write(&scene);
        relay_play(scene.relay, script);
        CHECK_INT(scene_sync(&scene, 0), TERN_ERR_NETWORK);
        CHECK_INT(scene_arrived(&scene), SCENE_PHONE_TXS * (scene.round - 1));
        scene_check(&scene);
    }
    scene_close(&scene);
}

TEST(what_is_lost_after_the_commit_has_happened_and_does_not_happen_again)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned i = 0; i < 2; i++) {
        const struct relay_script script = {i == 0 ? RELAY_END : RELAY_RESET,
                                            RELAY_DOWN,
                                            scene.down - 1,
                                            RELAY_START};

        scene_write(&scene);
        relay_play(scene.relay, script);
        CHECK_INT(scene_sync(&scene, 0), TERN_ERR_NETWORK);
        CHECK_INT(scene_arrived(&scene), SCENE_PHONE_TXS * scene.round);
        scene_check(&scene);
    }
    scene_close(&scene);
}

TEST(a_server_that_stops_talking_in_mid_answer_is_a_network_failure)
{
    struct scene scene;

    scene_open(&scene);
    cut(&scene, RELAY_HALVE, RELAY_DOWN, RELAY_MIDST);
    scene_close(&scene);
}
