/* Set up and taken down. */
#include "tests/sim/pair.h"

#define SECOND_US INT64_C(1000000)

void pair_begin(struct pair *pair)
{
    world_begin(&pair->world);
    device_begin(&pair->world, &pair->phone, "phone", 'p');
    device_run(&pair->phone, "INSERT INTO users(id, role, name) VALUES(@p, 'PATIENT', 'patient')");
    device_run(&pair->phone,
               "INSERT INTO notes(id, owner_id, place, title, body) "
               "VALUES(x'00000000000040008000000000000001', @p, 1, 'one', 'b')");
}

void pair_meet(struct pair *pair)
{
    device_sync_well(&pair->phone);
    device_begin(&pair->world, &pair->tablet, "tablet", 'p');
    device_sync_well(&pair->tablet);
    world_pass(&pair->world, SECOND_US);
}

void pair_end(struct pair *pair)
{
    device_check_converged(&pair->phone);
    device_check_converged(&pair->tablet);
    device_end(&pair->phone);
    device_end(&pair->tablet);
    world_end(&pair->world);
}

bool refuse_pushes(struct device *device,
                   const tern_http_request *request,
                   tern_http_answer *ret_answer)
{
    (void)device;
    if (request_entries(request) == 0) {
        return false;
    }
    device_answer_problem(ret_answer, 500, NULL);
    return true;
}
