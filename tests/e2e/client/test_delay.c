/* Connections that stall, dribble, arrive late or twice, and the client's patience. */
#include "tests/e2e/client/scene.h"

TEST(a_connection_that_stalls_anywhere_is_given_up_in_time)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned record = 0; record < scene.down; record += 2) {
        scene_round(&scene,
                    (struct relay_script){RELAY_STALL, RELAY_DOWN, record, RELAY_MIDST},
                    TERN_ERR_TIMEOUT);
    }
    for (unsigned record = 0; record < scene.up; record += 2) {
        scene_round(&scene,
                    (struct relay_script){RELAY_STALL, RELAY_UP, record, RELAY_LAST},
                    TERN_ERR_TIMEOUT);
    }
    scene_close(&scene);
}

TEST(one_byte_at_a_time_both_ways_is_a_sync_like_any_other)
{
    struct scene scene;

    scene_open(&scene);
    scene_round(&scene, (struct relay_script){.deed = RELAY_DRIP}, TERN_OK);
    scene_close(&scene);
}

TEST(a_request_that_arrives_after_its_own_repetition_is_done_once)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned i = 0; i < 3; i++) {
        scene_round(&scene,
                    (struct relay_script){RELAY_HOLD, RELAY_UP, scene.up - 1, RELAY_LAST},
                    TERN_ERR_TIMEOUT);
    }
    scene_close(&scene);
}

TEST(a_connection_that_arrives_twice_is_one)
{
    struct scene scene;

    scene_open(&scene);
    scene_round(&scene, (struct relay_script){.deed = RELAY_TWICE}, TERN_OK);
    scene_close(&scene);
}

/* Whether the server answers somebody who says no more is its own affair; what it does is done
 * once. */
TEST(a_client_that_says_no_more_after_its_request_is_answered_or_hung_up_on)
{
    struct scene scene;

    scene_open(&scene);
    for (unsigned i = 0; i < 3; i++) {
        tern_status status;

        scene_write(&scene);
        relay_play(scene.relay,
                   (struct relay_script){RELAY_HALVE, RELAY_UP, scene.up - 1, RELAY_BEHIND});
        status = scene_sync(&scene, 0);
        CHECK(relay_struck(scene.relay));
        CHECK(status == TERN_OK || status == TERN_ERR_NETWORK);
        scene_check(&scene);
    }
    scene_close(&scene);
}
