/* Called from MicroPython's virtual machine at each loop and return: computing takes time. */
#ifndef HOST_VM_HOOK_H
#define HOST_VM_HOOK_H

#define HOST_VM_EVENTS_AT_ONCE 64u

extern unsigned host_vm_events;
void host_vm_compute(void);

static inline void host_vm_hook(void) {
    if (++host_vm_events >= HOST_VM_EVENTS_AT_ONCE) {
        host_vm_compute();
    }
}

#endif
