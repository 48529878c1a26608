# What the benchmark image freezes: the application as it flies, the driver of the firmware's own
# tests, and the scripts of this folder. Paths are relative to this file.

package("payload", base_path="../../..")
package("payload", base_path="../../../../build/gen/firmware")
module("bench.py", base_path="../../../../tests/firmware/on_micropython")
module("main.py")
module("figures.py")
module("guard_holds.py")
module("telemetry.py")
