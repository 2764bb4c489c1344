<#
Nightly batch forecast for the Windows Task Scheduler:
  powershell -NoProfile -ExecutionPolicy Bypass -File C:\city-resilience\scripts\pull_predictions.ps1

Settings (environment variables; unset ones forecast the demonstration; relative paths start at the
project's folder):
  CITY_RESILIENCE_DATA     the whole panel: CSV, XLSX or Parquet    [experiments\demo\panel.csv]
  CITY_RESILIENCE_MODEL    bundle folder, or a registered model by alias or version [models\demo]
  CITY_RESILIENCE_OUT_DIR  where the dated forecasts go             [out\predictions]
  CITY_RESILIENCE_FORMAT   csv, xlsx or parquet                     [csv]
  CITY_RESILIENCE_OPTIONS  further options of predict, such as --lang zh [none]
  CITY_RESILIENCE_LOG      one line per run is added here           [<out dir>\pull_predictions.log]
  CITY_RESILIENCE_COMMAND  the program itself  [.venv\Scripts\city-resilience.exe, else the path]

Writes <out dir>\forecast-YYYY-MM-DD.<format> and its .manifest.json, whole or not at all; a second run
on the same day replaces them. Prints nothing when all is well. An alarm is printed, added to the log and kept
in the manifest; the forecast is written all the same.
Exit code: that of `city-resilience predict --strict` (0 done, 2 bad input, 3 done with an alarm), or 75 when
another run is still at work.
#>
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Get-Setting([string]$Name, [string]$Default) {
    $value = [Environment]::GetEnvironmentVariable("CITY_RESILIENCE_$Name")
    if ([string]::IsNullOrEmpty($value)) { $Default } else { $value }
}

$root = Split-Path -Parent $PSScriptRoot
Set-Location $root
$data = Get-Setting 'DATA' (Join-Path $root 'experiments/demo/panel.csv')
$model = Get-Setting 'MODEL' (Join-Path $root 'models/demo')
$outDir = Get-Setting 'OUT_DIR' (Join-Path $root 'out/predictions')
$format = Get-Setting 'FORMAT' 'csv'
$options = @((Get-Setting 'OPTIONS' '') -split '\s+' | Where-Object { $_ })
$log = Get-Setting 'LOG' (Join-Path $outDir 'pull_predictions.log')
$installed = Join-Path $root '.venv/Scripts/city-resilience.exe'
$fallback = if (Test-Path $installed) { $installed } else { 'city-resilience' }
$command = Get-Setting 'COMMAND' $fallback

$name = 'forecast-{0:yyyy-MM-dd}.{1}' -f (Get-Date), $format
$clock = [Diagnostics.Stopwatch]::StartNew()
$code = 1
$message = 'stopped'
$work = $null
$lock = $null

New-Item -ItemType Directory -Force $outDir, (Split-Path -Parent $log) | Out-Null
# .NET resolves relative paths by the process's own folder, which Set-Location leaves alone.
$outDir = (Resolve-Path $outDir).ProviderPath

try {
    try {
        # The lock ends with the process: no second one can open the file meanwhile.
        $lock = [IO.File]::Open((Join-Path $outDir '.pull_predictions.lock'), 'OpenOrCreate', 'Write', 'None')
    }
    catch [IO.IOException] {
        $code = 75
        $message = 'skipped: another run is still at work'
    }
    if ($lock) {
        Get-ChildItem -Force -Directory $outDir -Filter '.partial.*' | Remove-Item -Recurse -Force
        $work = Join-Path $outDir ('.partial.' + [Guid]::NewGuid().ToString('N'))
        New-Item -ItemType Directory $work | Out-Null
        $errors = Join-Path $work 'errors'
        # Redirected error lines of a program must not end the script as exceptions.
        $ErrorActionPreference = 'Continue'
        & $command predict --data $data --out (Join-Path $work $name) --model $model --strict @options 2>$errors | Out-Null
        $code = $LASTEXITCODE
        $ErrorActionPreference = 'Stop'
        $last = Get-Content $errors -ErrorAction SilentlyContinue | Where-Object { "$_".Trim() } | Select-Object -Last 1
        $message = if ($last) { $last } else { 'failed without a message' }
        if ($code -eq 0 -or $code -eq 3) {
            $manifest = Join-Path $outDir "$name.manifest.json"
            if (Test-Path $manifest) { Remove-Item -Force $manifest }
            Get-ChildItem $work -Filter 'forecast-*' | Where-Object Name -ne "$name.manifest.json" |
                Move-Item -Force -Destination $outDir
            Move-Item -Force (Join-Path $work "$name.manifest.json") $outDir
            if ($code -eq 0) { $message = 'done' }
            else {
                $alarms = @(Get-Content $errors | Where-Object { "$_".StartsWith('Alarm: ') })
                Add-Content -Encoding UTF8 $log $alarms
                $alarms | ForEach-Object { [Console]::Error.WriteLine($_) }
            }
        }
    }
}
catch {
    if ($code -eq 0) { $code = 1 }
    $message = $_.Exception.Message -replace '\s+', ' '
}
finally {
    if ($work) { Remove-Item -Recurse -Force $work -ErrorAction SilentlyContinue }
    if ($lock) { $lock.Dispose() }
    $line = '{0:yyyy-MM-ddTHH:mm:sszzz} exit={1} seconds={2:0} data={3} model={4} out={5} {6}' -f `
        (Get-Date), $code, $clock.Elapsed.TotalSeconds, $data, $model, (Join-Path $outDir $name), $message
    Add-Content -Encoding UTF8 $log $line
}
if ($code -ne 0) { [Console]::Error.WriteLine("pull_predictions: $message") }
exit $code
