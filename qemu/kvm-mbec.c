/* Exit status 0: this host's KVM offers nested VT-x with mode-based execute control to its guests.
   Otherwise 1, and one line says what is missing. The capability MSRs decide (SDM vol. 3D, appendix A.3.3), not versions. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { IA32_VMX_PROCBASED_CTLS2 = 0x48B, MODE_BASED_EXECUTE_CONTROL = 22, ENABLE_EPT = 1 };

int main(void)
{
    struct { struct kvm_msrs head; struct kvm_msr_entry entry; } request;
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        puts("no usable /dev/kvm");
        return 1;
    }
    memset(&request, 0, sizeof request);
    request.head.nmsrs = 1;
    request.entry.index = IA32_VMX_PROCBASED_CTLS2;
    if (ioctl(kvm, KVM_GET_MSRS, &request) != 1) {
        puts("KVM offers no nested VT-x here");
        return 1;
    }
    uint32_t allowed = (uint32_t)(request.entry.data >> 32);
    if (!(allowed >> ENABLE_EPT & 1)) {
        puts("KVM's nested VT-x has no EPT");
        return 1;
    }
    if (!(allowed >> MODE_BASED_EXECUTE_CONTROL & 1)) {
        puts("KVM's nested VT-x has no mode-based execute control");
        return 1;
    }
    return 0;
}
