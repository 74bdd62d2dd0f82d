/* A connection that is reset, or goes silent on one side, in the midst of anything. */
#include "tests/e2e/client/scene.h"

TEST(a_connection_reset_within_any_record_is_a_network_failure_without_a_trace)
{
    struct scene scene;

    scene_open(&scene);
    scene_everywhere(&scene, RELAY_RESET, RELAY_UP, RELAY_HEADER);
    scene_everywhere(&scene, RELAY_RESET, RELAY_UP, RELAY_MIDST);
    scene_everywhere(&scene, RELAY_RESET, RELAY_DOWN, RELAY_HEADER);
    scene_everywhere(&scene, RELAY_RESET, RELAY_DOWN, RELAY_MIDST);
    scene_close(&scene);
}

TEST(a_server_that_stops_talking_in_mid_answer_is_a_network_failure)
{
    struct scene scene;

    scene_open(&scene);
    scene_everywhere(&scene, RELAY_HALVE, RELAY_DOWN, RELAY_MIDST);
    scene_close(&scene);
}
