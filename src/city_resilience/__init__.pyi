from city_resilience.commands.backtest import backtest as backtest
from city_resilience.commands.check import check as check
from city_resilience.commands.compare import compare as compare
from city_resilience.commands.explain import explain_cities as explain_cities
from city_resilience.commands.explain import explain_city as explain_city
from city_resilience.commands.import_sheets import import_sheets as import_sheets
from city_resilience.commands.measure import measure as measure
from city_resilience.commands.models import clean_store as clean_store
from city_resilience.commands.models import export_model as export_model
from city_resilience.commands.models import import_model as import_model
from city_resilience.commands.models import list_models as list_models
from city_resilience.commands.models import show_model as show_model
from city_resilience.commands.new import draft_experiment as draft_experiment
from city_resilience.commands.predict import predict as predict
from city_resilience.commands.promote import promote as promote
from city_resilience.commands.report import write_report as write_report
from city_resilience.commands.scenario import scenario as scenario
from city_resilience.commands.stored import load_model as load_model
from city_resilience.commands.study import study as study
from city_resilience.commands.train import train as train
from city_resilience.commands.ui import ui as ui
from city_resilience.experiment.load import load_experiment as load_experiment
from city_resilience.experiment.reference import experiment_keys as experiment_keys
from city_resilience.experiment.reference import experiment_schema as experiment_schema
from city_resilience.reading.read import read_panel as read_panel

__version__: str
