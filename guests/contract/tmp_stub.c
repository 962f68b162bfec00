#include "contract.h"
void time_run(void){} void wait_run(void){} void memory_run(void){} void fault_run(void){} void id_run(void){} void state_run(void){} void boot_run(void){} void tree_run(void){} void reset_run(void){}
