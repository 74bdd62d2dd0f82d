#include "sim/argument.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool sim_argument_number(const char *option,
                         const char *text,
                         uint64_t least,
                         uint64_t most,
                         uint64_t *ret_number)
{
    char *end = NULL;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < least ||
        number > most) {
        (void)fprintf(stderr,
                      "--%s: \"%s\" is not a number from %llu to %llu\n",
                      option,
                      text,
                      (unsigned long long)least,
                      (unsigned long long)most);
        return false;
    }
    *ret_number = number;
    return true;
}

bool sim_argument_amount(const char *option, const char *text, double *ret_amount)
{
    char *end = NULL;
    double amount = strtod(text, &end);

    if (end == text || *end != '\0' || !(amount > 0) || amount > 1e9) {
        (void)fprintf(stderr, "--%s: \"%s\" is not a number above 0\n", option, text);
        return false;
    }
    *ret_amount = amount;
    return true;
}
