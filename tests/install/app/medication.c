/* The same of the library on top: its header and its library are enough. */
#include <stdio.h>

#include "tern/medication/care.h"

int main(void)
{
    (void)printf("%s\n", tern_problem_code(TERN_PROBLEM_TOO_EARLY));
    return 0;
}
