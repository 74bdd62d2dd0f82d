/* The text stands in docs/WIRE.md too. What is met most often comes last, nearest to the body. */
#include "wire/dictionary.h"

/* clang-format off */
static const char text[] =
    "[\"m\",10,null,null,false,true,0,11]\n"
    "[\"n\",12,\"]\n"
    "[\"d\",13,\"]\n"
    "[\"b\",14,\"]\n"
    "[\"g\",\"]\n"
    "[\"e\",\"]\n"
    "[\"s\",\"\",true]\n"
    "[\"t\",1,17,\"]\n"
    "[\"r\",2,\"\",3,17,null,\"]\n"
    "[\"v\",1,\"duplicate\",[\"v\",0,\"retry\"]\n"
    "[\"v\",0,\"rejected\",\"\",\"]\n"
    "{\"tern\":1,\"schema\":1,\"epoch\":\"\",\"time\":17,\"cursor\":\"\",\"verdicts\":0,\"more\":true}\n"
    "{\"tern\":1,\"schema\":1,\"epoch\":\"\",\"time\":17,\"cursor\":\"\",\"verdicts\":1,\"more\":false}\n"
    "[\"v\",0,\"applied\",1,17]\n"
    "[\"z\",2]\n"
    "{\"tern\":1,\"schema\":1,\"device\":\"\",\"sent\":17,\"rows\":5000,\"cursor\":\"\",\"acked\":[1,\"\"],"
    "\"top\":[1,\"\"],\"txs\":0}\n"
    "[\"z\",1]\n"
    "{\"tern\":1,\"schema\":1,\"device\":\"\",\"sent\":17,\"rows\":5000,\"cursor\":\"\",\"acked\":[1,\"\"],"
    "\"top\":[1,\"\"],\"txs\":1}\n"
    "[\"@\",2000]\n"
    "[\"x\",1,\"\",17,1,1,\"\",\"]\n"
    "[\"i\",1,\"\",17,\"\",\"\",null,null,null,null]\n"
    "[\"u\",1,\"\",1,1,\"\",17,null,false,null]\n"
    "[\"z\",5]\n";
/* clang-format on */

struct trn_slice trn_wire_dictionary(void)
{
    return trn_slice_make(text, sizeof(text) - 1);
}
