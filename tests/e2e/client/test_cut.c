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

/* The connection ends once, and is reset once, just there: each time so many of the phone's rounds
 * are on the server then, all but the last `missing`. */
static void lose(struct scene *scene, struct relay_script place, int missing)
{
    static const enum relay_deed deeds[] = {RELAY_END, RELAY_RESET};

    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        place.deed = deeds[i];
        scene_write(scene);
        relay_play(scene->relay, place);
        CHECK_INT(scene_sync(scene, 0), TERN_ERR_NETWORK);
        CHECK_INT(scene_arrived(scene), SCENE_PHONE_TXS * (scene->round - missing));
        scene_check(scene);
    }
}

TEST(what_is_lost_before_the_commit_did_not_happen_and_happens_once_later)
{
    struct scene scene;

    scene_open(&scene);
    lose(&scene, (struct relay_script){RELAY_END, RELAY_UP, scene.up - 1, RELAY_LAST}, 1);
    scene_close(&scene);
}

TEST(what_is_lost_after_the_commit_has_happened_and_does_not_happen_again)
{
    struct scene scene;

    scene_open(&scene);
    lose(&scene, (struct relay_script){RELAY_END, RELAY_DOWN, scene.down - 1, RELAY_START}, 0);
    scene_close(&scene);
}
