/* The loops over each allocation that may fail. */
#include <stdlib.h>

#include "sim/fault/fault.h"
#include "tests/harness/harness.h"
#include "tests/harness/internal.h"

void harness_fault_install(void)
{
    fault_install();
}

void harness_fault_reset(void)
{
    fault_reset();
}

unsigned harness_fault_begin(void)
{
    fault_reset();
    return 1;
}

bool harness_fault_more(unsigned nth)
{
    if (nth > 1 && !fault_has_struck()) {
        fault_reset();
        return false;
    }
    fault_arm(nth);
    return true;
}

unsigned harness_fault_next(unsigned nth)
{
    const char *step = getenv("TERN_FAULT_STEP");
    unsigned long wide = step == NULL ? 1 : strtoul(step, NULL, 10);

    return nth + (wide < 1 || wide > 10000 ? 1 : (unsigned)wide);
}

void harness_fault_suspend(void)
{
    fault_suspend();
}

void harness_fault_resume(void)
{
    fault_resume();
}

bool harness_fault_injected(void)
{
    return fault_has_struck();
}
