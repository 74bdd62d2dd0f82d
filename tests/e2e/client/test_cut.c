/* A connection that ends, anywhere: the client says NETWORK, and nothing is lost or doubled. */
#include "tests/e2e/client/scene.h"

TEST(a_connection_that_ends_at_any_record_is_a_network_failure_without_a_trace)
{
    struct scene scene;

    scene_open(&scene);
    scene_everywhere(&scene, RELAY_END, RELAY_UP, RELAY_START);
    scene_everywhere(&scene, RELAY_END, RELAY_DOWN, RELAY_START);
    scene_everywhere(&scene, RELAY_END, RELAY_DOWN, RELAY_LAST);
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
